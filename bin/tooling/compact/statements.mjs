// Statements into compact code. A statement's handler says true when it leaves the function.

import ts from "typescript"
import { effect } from "./assignments.mjs"
import { unless } from "./conditions.mjs"
import { bared, expression } from "./expressions.mjs"
import { unpack } from "./functions.mjs"
import { Label } from "./jumps.mjs"
import { isLeft, refuse } from "./syntax.mjs"

/** @typedef {import("./writer.mjs").Writer} Writer */
/** Parts of a loop. @typedef {{ initializer?: ts.ForInitializer, condition?: ts.Expression,
 *     incrementor?: ts.Expression, body: ts.Statement, isTestedLast?: boolean }} LoopParts */

const K = ts.SyntaxKind

/** @param {Writer} writer @param {readonly ts.Statement[]} list */
export function statements(writer, list) {
    for (const node of list) statement(writer, node)
}

/** @param {Writer} writer @param {ts.Statement} node @returns {void} */
function statement(writer, node) {
    if (ts.isBlock(node)) return statements(writer, node.statements)
    if (ts.isEmptyStatement(node)) return
    if (ts.isVariableStatement(node)) return variables(writer, node.declarationList)
    if (ts.isExpressionStatement(node)) return effect(writer, bared(writer, node.expression))
    if (ts.isIfStatement(node)) return ifStatement(writer, node)
    if (ts.isReturnStatement(node)) {
        if (node.expression === undefined) return writer.op("leaveEmpty")
        writer.op("leave")
        return expression(writer, node.expression)
    }
    if (ts.isThrowStatement(node)) {
        writer.op("raise")
        return expression(writer, node.expression)
    }
    if (ts.isWhileStatement(node))
        return loop(writer, { condition: node.expression, body: node.statement })
    if (ts.isDoStatement(node))
        return loop(writer, {
            condition: node.expression,
            body: node.statement,
            isTestedLast: true,
        })
    if (ts.isForStatement(node)) {
        const { initializer, condition, incrementor } = node
        return loop(writer, { initializer, condition, incrementor, body: node.statement })
    }
    if (ts.isForOfStatement(node)) return forOf(writer, node)
    if (ts.isSwitchStatement(node)) return switchStatement(writer, node)
    if (ts.isTryStatement(node)) return tryStatement(writer, node)
    if (ts.isBreakOrContinueStatement(node)) return leaveLoop(writer, node)
    refuse(node, K[node.kind])
}

/** @param {Writer} writer @param {ts.VariableDeclarationList} list */
function variables(writer, list) {
    for (const { name, initializer } of list.declarations) {
        const isPlain = ts.isIdentifier(name)
        // A closure may name itself, so its slot comes first.
        const slot = isPlain ? writer.declare(name) : writer.newSlot(name)
        writer.setLocal(slot)
        if (initializer === undefined) writer.op("nothing")
        else expression(writer, initializer)
        if (!isPlain) unpack(writer, name, slot)
    }
}

/** @param {Writer} writer @param {ts.IfStatement} node */
function ifStatement(writer, node) {
    const otherwise = new Label()
    unless(writer, node.expression, otherwise)
    statement(writer, node.thenStatement)
    if (node.elseStatement === undefined) return writer.place(otherwise)
    const end = new Label()
    if (!isLeft(node.thenStatement)) writer.jump(end)
    writer.place(otherwise)
    statement(writer, node.elseStatement)
    writer.place(end)
}

/** @param {Writer} writer @param {LoopParts} parts */
function loop(writer, { initializer, condition, incrementor, body, isTestedLast = false }) {
    if (initializer !== undefined) {
        if (ts.isVariableDeclarationList(initializer)) variables(writer, initializer)
        else effect(writer, bared(writer, initializer))
    }
    const [start, breaks, continues] = [new Label(), new Label(), new Label()]
    writer.place(start)
    if (condition !== undefined && !isTestedLast && condition.kind !== K.TrueKeyword)
        unless(writer, condition, breaks)
    inLoop(writer, breaks, continues, body)
    writer.place(continues)
    if (incrementor !== undefined) effect(writer, bared(writer, incrementor))
    if (isTestedLast && condition !== undefined) unless(writer, condition, breaks)
    writer.backTo(start)
    writer.place(breaks)
}

/** @param {Writer} writer @param {Label} breaks @param {Label} continues @param {ts.Statement} body */
function inLoop(writer, breaks, continues, body) {
    writer.loops.push({ breaks, continues, tries: writer.tries })
    statement(writer, body)
    writer.loops.pop()
}

/** The list, the next index and the item are in three slots on end.
 * @param {Writer} writer @param {ts.ForOfStatement} node */
function forOf(writer, node) {
    const { initializer } = node
    if (!ts.isVariableDeclarationList(initializer)) refuse(node, "for..of without a declaration")
    const { name } = initializer.declarations[0]
    if (!ts.isIdentifier(name)) refuse(node, "pattern in for..of")
    const slot = writer.newSlot(node)
    writer.newSlot(node)
    writer.setLocal(slot)
    expression(writer, node.expression)
    writer.setLocal(slot + 1)
    writer.op("zero")
    if (writer.declare(name) !== slot + 2) throw new Error("slots are in order")
    const [start, breaks, continues] = [new Label(), new Label(), new Label()]
    writer.place(start)
    writer.branch("each", () => writer.cells.push(slot), breaks)
    inLoop(writer, breaks, continues, node.statement)
    writer.place(continues)
    writer.backTo(start)
    writer.place(breaks)
}

/** @param {Writer} writer @param {ts.BreakOrContinueStatement} node */
function leaveLoop(writer, node) {
    if (node.label) refuse(node, "label")
    const isBreak = ts.isBreakStatement(node)
    const around = writer.loops.findLast(({ continues }) => isBreak || continues !== undefined)
    const label = isBreak ? around?.breaks : around?.continues
    if (around === undefined || label === undefined) refuse(node, "jump out of no loop")
    if (around.tries !== writer.tries) refuse(node, "jump out of try")
    writer.jump(label)
}

/** @param {Writer} writer @param {ts.SwitchStatement} node */
function switchStatement(writer, node) {
    const slot = writer.newSlot(node)
    writer.setLocal(slot)
    expression(writer, node.expression)
    const breaks = new Label()
    const cases = node.caseBlock.clauses.map((clause) => ({ clause, start: new Label() }))
    for (const { clause, start } of cases) {
        if (!ts.isCaseClause(clause)) continue
        const isThis = () => {
            writer.op("same")
            writer.local(slot)
            expression(writer, clause.expression)
        }
        writer.branch("when", isThis, start)
    }
    const other = cases.find(({ clause }) => ts.isDefaultClause(clause))
    writer.jump(other?.start ?? breaks)
    writer.loops.push({ breaks, continues: undefined, tries: writer.tries })
    for (const { clause, start } of cases) {
        writer.place(start)
        statements(writer, clause.statements)
    }
    writer.loops.pop()
    writer.place(breaks)
}

/** @param {Writer} writer @param {ts.TryStatement} node */
function tryStatement(writer, node) {
    const { catchClause } = node
    if (node.finallyBlock || catchClause === undefined) refuse(node, "finally")
    const { variableDeclaration, block } = catchClause
    const slot = variableDeclaration
        ? writer.declare(variableDeclaration.name)
        : writer.newSlot(node)
    const [caught, end] = [new Label(), new Label()]
    writer.branch("attempt", () => writer.cells.push(slot), caught)
    writer.tries++
    writer.together(() => statements(writer, node.tryBlock.statements))
    writer.tries--
    writer.op("attempted")
    writer.jump(end)
    writer.place(caught)
    statements(writer, block.statements)
    writer.place(end)
}
