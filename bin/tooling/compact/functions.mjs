// Functions as wholes: their parameters, what a method, a closure or a constructor has beside its
// body, and how each ends. In the first slot is `this`, or the frame of the function around a closure.

import ts from "typescript"
import { assignField } from "./assignments.mjs"
import { expression } from "./expressions.mjs"
import { read } from "./fields.mjs"
import { Label } from "./jumps.mjs"
import { statements } from "./statements.mjs"
import {
    accessOf,
    isAsync,
    isDone,
    isFieldParameter,
    isLeft,
    isStatic,
    nameOf,
    refuse,
} from "./syntax.mjs"
import { Writer } from "./writer.mjs"

/** @typedef {import("./pass.mjs").Pass} Pass */
/** @typedef {import("./syntax.mjs").Callable} Callable */
/** @typedef {import("./writer.mjs").Made} Made */

/** @param {Pass} pass @param {Callable} node @returns {Made} */
export function functionCode(pass, node) {
    const writer = new Writer(pass)
    begin(writer, node.parameters)
    return withBody(writer, node)
}

/** @param {Pass} pass @param {ts.MethodDeclaration} node @returns {Made} */
export function methodCode(pass, node) {
    const writer = new Writer(pass)
    takeFirst(writer, true)
    begin(writer, node.parameters)
    return withBody(writer, node)
}

/** An arrow function, or a function as a value: that one takes a frame that it has no use for.
 * @param {Pass} pass @param {Callable} node @param {Writer} [outer] @returns {Made} */
export function closureCode(pass, node, outer) {
    const writer = new Writer(pass, outer)
    takeFirst(writer, false)
    begin(writer, node.parameters)
    return withBody(writer, node)
}

/** The constructor: parameters that are fields, fields, its body; gives the object.
 * @param {Pass} pass @param {ts.ClassDeclaration} node @returns {Made} */
export function constructorCode(pass, node) {
    const writer = new Writer(pass)
    if (node.heritageClauses?.some(({ token }) => token === ts.SyntaxKind.ExtendsKeyword))
        refuse(node, "class that extends another")
    const own = node.members.find(ts.isConstructorDeclaration)
    const parameters = own?.parameters ?? []
    takeFirst(writer, true)
    begin(writer, parameters)
    for (const parameter of parameters) {
        const { name } = parameter
        if (accessOf(parameter).length === 0 || !ts.isIdentifier(name)) continue
        assignField(writer, name, () => expression(writer, name))
    }
    for (const member of node.members) {
        if (!ts.isPropertyDeclaration(member) || member.initializer === undefined) continue
        if (isStatic(member)) refuse(member, "static field")
        const { initializer, name } = member
        if (!ts.isIdentifier(name)) refuse(member, "field without a plain name")
        assignField(writer, name, () => expression(writer, initializer))
    }
    statements(writer, own?.body?.statements ?? [])
    writer.op("leave")
    writer.local(0)
    return writer.finished()
}

/** A table made anew wherever it is read. @param {Pass} pass @param {ts.Expression} initializer
 * @returns {Made} */
export function tableCode(pass, initializer) {
    const writer = new Writer(pass)
    writer.op("leave")
    expression(writer, initializer)
    return writer.finished()
}

/** What a program does when it starts: the statements of its entry that declare nothing.
 * @param {Pass} pass @param {ts.SourceFile} file @returns {Made} */
export function mainCode(pass, file) {
    const writer = new Writer(pass)
    statements(writer, file.statements.filter(isDone))
    writer.op("leaveEmpty")
    return writer.finished()
}

/** @param {Writer} writer @param {boolean} isThis else a frame */
function takeFirst(writer, isThis) {
    writer.slotCount = 1
    writer.hasThis = isThis
}

/** Parameters in their slots, then defaults, then patterns taken apart.
 * @param {Writer} writer @param {readonly ts.ParameterDeclaration[]} parameters */
function begin(writer, parameters) {
    /** @type {[ts.BindingPattern, number][]} */
    const patterns = []
    for (const parameter of parameters) {
        if (parameter.dotDotDotToken) refuse(parameter, "rest parameter")
        if (ts.isIdentifier(parameter.name)) declareParameter(writer, parameter)
        else {
            if (parameter.initializer) refuse(parameter, "default for a pattern")
            patterns.push([parameter.name, writer.newSlot(parameter)])
        }
    }
    for (const { name, initializer } of parameters)
        if (initializer !== undefined) {
            const slot = writer.slotOf(name)
            if (slot !== undefined) fillIn(writer, slot, initializer)
        }
    for (const [pattern, slot] of patterns) unpack(writer, pattern, slot)
}

/** Where it is a field as well, the name in the constructor is the parameter's.
 * @param {Writer} writer @param {ts.ParameterDeclaration} parameter */
function declareParameter(writer, parameter) {
    const slot = writer.declare(parameter.name)
    const name = nameOf(parameter)
    if (!isFieldParameter(parameter) || name === undefined) return
    const both = writer.checker.getSymbolsOfParameterPropertyDeclaration(parameter, name)
    for (const symbol of both) writer.slots.set(symbol, slot)
}

/** A default, where the argument was left out.
 * @param {Writer} writer @param {number} slot @param {ts.Expression} initializer */
function fillIn(writer, slot, initializer) {
    const given = new Label()
    const isLeftOut = () => {
        writer.op("isUndefined")
        writer.local(slot)
    }
    writer.branch("unless", isLeftOut, given)
    writer.setLocal(slot)
    expression(writer, initializer)
    writer.place(given)
}

/** The names of an object pattern as locals; what it takes apart is in `slot`.
 * @param {Writer} writer @param {ts.BindingPattern} pattern @param {number} slot */
export function unpack(writer, pattern, slot) {
    if (!ts.isObjectBindingPattern(pattern)) refuse(pattern, "array pattern")
    const { pass, checker } = writer
    for (const element of pattern.elements) {
        const own = element.propertyName ?? element.name
        if (element.initializer || element.dotDotDotToken || !ts.isIdentifier(element.name))
            refuse(element, "pattern with defaults, rest or parts")
        if (!ts.isIdentifier(own)) refuse(element, "pattern with names that are not plain")
        writer.setLocal(writer.declare(element.name))
        const field = checker.getTypeAtLocation(pattern).getProperty(own.text)
        const place = pass.layouts.placeOf(field, own.text, (what) => refuse(element, what))
        const name = pass.privateNames.ofField(field?.declarations?.[0]) ?? own.text
        read(writer, place, name, () => writer.local(slot), slot)
    }
}

/** @param {Writer} writer @param {Callable} node @returns {Made} */
function withBody(writer, node) {
    const { body } = node
    if (node.asteriskToken) refuse(node, "generator")
    if (isAsync(node) && !writer.pass.canWait) refuse(node, "async function")
    if (body === undefined) refuse(node, "function without a body")
    if (ts.isBlock(body)) {
        statements(writer, body.statements)
        if (!isLeft(body)) writer.op("leaveEmpty")
    } else {
        writer.op("leave")
        expression(writer, body)
    }
    return writer.finished()
}
