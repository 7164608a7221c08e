// Numbers and texts that an expression always is: literals, members of enumerations, constants of
// modules, and sums of these. They need no name at run time.

import ts from "typescript"
import { bare, isOfModule } from "./syntax.mjs"

/** @typedef {import("./sources.mjs").Sources} Sources */

const K = ts.SyntaxKind

export class Constants {
    /** @param {Sources} sources */
    constructor(sources) {
        this.sources = sources
        /** @type {Map<ts.VariableDeclaration, number | string | undefined>} */
        this.folded = new Map()
    }

    /** What an expression always is; undefined where that is no number and no text.
     * @param {ts.Node} node without parentheses @returns {number | string | undefined} */
    of(node) {
        if (ts.isNumericLiteral(node)) return Number(node.text.replaceAll("_", ""))
        if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
        if (ts.isPrefixUnaryExpression(node) && node.operator === K.MinusToken) {
            const value = this.of(bare(node.operand))
            return typeof value === "number" ? -value : undefined
        }
        if (ts.isBinaryExpression(node)) return this.ofOperation(node)
        if (ts.isPropertyAccessExpression(node)) {
            const symbol = this.sources.checker.getSymbolAtLocation(node.name)
            const member = symbol?.declarations?.find(ts.isEnumMember)
            return member && this.sources.checker.getConstantValue(member)
        }
        return ts.isIdentifier(node) ? this.ofName(node) : undefined
    }

    /** @param {ts.BinaryExpression} node */
    ofOperation({ left, right, operatorToken }) {
        const first = this.of(bare(left))
        if (typeof first !== "number") return undefined
        const second = this.of(bare(right))
        if (typeof second !== "number") return undefined
        return calculated(operatorToken.kind, first, second)
    }

    /** @param {ts.Identifier} node */
    ofName(node) {
        const declaration = this.sources.declarationsOf(node).find(ts.isVariableDeclaration)
        if (declaration?.initializer === undefined || !isConstant(declaration)) return undefined
        if (!this.folded.has(declaration))
            this.folded.set(declaration, this.of(bare(declaration.initializer)))
        return this.folded.get(declaration)
    }
}

/** @param {ts.VariableDeclaration} declaration */
function isConstant(declaration) {
    return (declaration.parent.flags & ts.NodeFlags.Const) !== 0 && isOfModule(declaration)
}

/** As the device does it, bits in 32 bits; undefined for an operator that is not for constants.
 * @param {ts.SyntaxKind} operator @param {number} left @param {number} right */
function calculated(operator, left, right) {
    switch (operator) {
        case K.PlusToken:
            return left + right
        case K.MinusToken:
            return left - right
        case K.AsteriskToken:
            return left * right
        case K.SlashToken:
            return left / right
        case K.AsteriskAsteriskToken:
            return left ** right
        case K.LessThanLessThanToken:
            return left << right
        case K.AmpersandToken:
            return left & right
        case K.BarToken:
            return left | right
        default:
            return undefined
    }
}
