// Calls: of compact functions and methods by their address, of native functions by their number in
// the links, of methods that only the running program knows by name, and of function values.

import ts from "typescript"
import { bared, expression } from "./expressions.mjs"
import { placeOf } from "./fields.mjs"
import { classOf, dynamicMethods, meaningOf, methodOf } from "./meanings.mjs"
import { MATHS } from "./operators.mjs"
import { refuse } from "./syntax.mjs"

/** @typedef {import("./writer.mjs").Writer} Writer */

/** Objects of the runtime that are kept as values. */
const OBJECTS = ["Math", "Buffer", "Object", "Array"]
/** Calls with so many arguments have handlers of their own. */
const FEW = 3

/** @param {Writer} writer @param {ts.NewExpression} node */
export function construct(writer, node) {
    const args = node.arguments ?? []
    if (!ts.isIdentifier(node.expression)) refuse(node, "computed class")
    if (args.some(ts.isSpreadElement)) refuse(node, "spread arguments")
    const known = classOf(writer.pass, node.expression)
    if (known.kind === "plain") {
        writer.callOf(args.length + 1, known.key)
        if (known.layout === undefined) writer.op("object", 0)
        else writer.op("blank", known.layout.fields.length)
    } else writer.op("build", known.index, args.length)
    writer.together(() => written(writer, args))
}

/** @param {Writer} writer @param {ts.CallExpression} node */
export function call(writer, node) {
    const callee = bared(writer, node.expression)
    if (node.questionDotToken || ts.isOptionalChain(callee)) refuse(node, "?.()")
    if (node.arguments.some(ts.isSpreadElement)) refuse(node, "spread arguments")
    if (ts.isPropertyAccessExpression(callee)) callOfMember(writer, callee, node.arguments)
    else if (!ts.isIdentifier(callee) || !callOfName(writer, callee, node.arguments))
        apply(writer, callee, node.arguments)
}

/** @param {Writer} writer @param {ts.PropertyAccessExpression} callee
 * @param {readonly ts.Expression[]} args */
function callOfMember(writer, callee, args) {
    const { pass } = writer
    const owner = bared(writer, callee.expression)
    const name = callee.name.text
    if (isGlobalObject(owner, writer.checker)) {
        if (owner.text === "Math" && MATHS.get(name) === args.length) {
            writer.op(name)
            return withArguments(writer, args)
        }
        pass.learned.dynamicNames.add(name)
        const object = pass.values.object(owner.text)
        return method(writer, () => writer.op("global", object), name, args, [])
    }
    if (placeOf(writer, callee.name) !== undefined) return apply(writer, callee, args)
    const key = methodOf(pass, callee)
    if (key !== undefined) {
        writer.callOf(args.length + 1, key)
        expression(writer, owner)
        return withArguments(writer, args)
    }
    const methods = dynamicMethods(pass, name, owner)
    const own = pass.privateNames.of(callee.name)
    method(writer, () => expression(writer, owner), own, args, methods)
}

/** False where the name is a local, or stands for a value.
 * @param {Writer} writer @param {ts.Identifier} callee @param {readonly ts.Expression[]} args */
function callOfName(writer, callee, args) {
    if (writer.slotOf(callee) !== undefined) return false
    const symbol = writer.checker.getSymbolAtLocation(callee)
    if (writer.outer?.slotFor(symbol) !== undefined) return false
    if (writer.outer?.outer?.slotFor(symbol) !== undefined) return false
    const known = meaningOf(writer.pass, symbol)
    if (known.kind === "function")
        writer.callOf(args.length, writer.pass.functionOf(known.declaration))
    else if (known.kind !== "native") return false
    else if (args.length <= FEW) writer.op(`native${args.length}`, known.index)
    else writer.op("nativeMany", known.index, args.length)
    withArguments(writer, args)
    return true
}

/** A function value. @param {Writer} writer @param {ts.Expression} callee
 * @param {readonly ts.Expression[]} args */
function apply(writer, callee, args) {
    writer.op("apply", args.length)
    expression(writer, callee)
    writer.together(() => withArguments(writer, args))
}

/** @param {Writer} writer @param {() => void} owner writes it @param {string} name
 * @param {readonly ts.Expression[]} args
 * @param {readonly ts.MethodDeclaration[]} methods the compact ones that it may be */
function method(writer, owner, name, args, methods) {
    writer.points.push({ depth: writer.depth, methods })
    const index = writer.pass.names.indexOf(name)
    if (args.length <= FEW && index < 256) writer.op(`method${args.length}`, index)
    else writer.op("methodMany", index & 255, index >> 8, args.length)
    owner()
    writer.together(() => written(writer, args))
}

/** Many are read by a helper of the machine. @param {Writer} writer
 * @param {readonly ts.Expression[]} args */
function withArguments(writer, args) {
    if (args.length > FEW) writer.together(() => written(writer, args))
    else written(writer, args)
}

/** @param {Writer} writer @param {readonly ts.Expression[]} args */
function written(writer, args) {
    for (const arg of args) expression(writer, arg)
}

/** @param {ts.Expression} node @param {ts.TypeChecker} checker @returns {node is ts.Identifier} */
function isGlobalObject(node, checker) {
    if (!ts.isIdentifier(node) || !OBJECTS.includes(node.text)) return false
    const [declaration] = checker.getSymbolAtLocation(node)?.declarations ?? []
    return declaration === undefined || declaration.getSourceFile().isDeclarationFile
}
