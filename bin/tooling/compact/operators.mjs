// Operators of the source and the handlers of firmware/logic/compact/machine.ts that they become.

import ts from "typescript"

const K = ts.SyntaxKind

/** Binary operators and their handlers; the second where the right side is a whole number below 256.
 * @type {ReadonlyMap<ts.SyntaxKind, readonly string[]>} */
export const BINARY = new Map([
    [K.PlusToken, ["add", "addByte"]],
    [K.MinusToken, ["subtract", "subtractByte"]],
    [K.AsteriskToken, ["multiply", "multiplyByte"]],
    [K.SlashToken, ["divide"]],
    [K.PercentToken, ["remainder"]],
    [K.AsteriskAsteriskToken, ["power"]],
    [K.AmpersandToken, ["bitAnd"]],
    [K.BarToken, ["bitOr"]],
    [K.CaretToken, ["bitXor"]],
    [K.LessThanLessThanToken, ["shiftLeft"]],
    [K.GreaterThanGreaterThanToken, ["shiftRight"]],
    [K.GreaterThanGreaterThanGreaterThanToken, ["shiftRightUnsigned"]],
    [K.EqualsEqualsEqualsToken, ["same", "sameByte"]],
    [K.ExclamationEqualsEqualsToken, ["differs", "differsByte"]],
    [K.LessThanToken, ["less", "lessByte"]],
    [K.LessThanEqualsToken, ["atMost", "atMostByte"]],
    [K.GreaterThanToken, ["more", "moreByte"]],
    [K.GreaterThanEqualsToken, ["atLeast", "atLeastByte"]],
])

/** What `a += b` does with `a` and `b`.
 * @type {ReadonlyMap<ts.SyntaxKind, ts.SyntaxKind>} */
export const COMPOUND = new Map([
    [K.PlusEqualsToken, K.PlusToken],
    [K.MinusEqualsToken, K.MinusToken],
    [K.AsteriskEqualsToken, K.AsteriskToken],
    [K.SlashEqualsToken, K.SlashToken],
    [K.PercentEqualsToken, K.PercentToken],
    [K.AmpersandEqualsToken, K.AmpersandToken],
    [K.BarEqualsToken, K.BarToken],
    [K.CaretEqualsToken, K.CaretToken],
    [K.LessThanLessThanEqualsToken, K.LessThanLessThanToken],
    [K.GreaterThanGreaterThanEqualsToken, K.GreaterThanGreaterThanToken],
])

/** @type {ReadonlyMap<ts.SyntaxKind, string>} */
export const UNARY = new Map([
    [K.ExclamationToken, "not"],
    [K.MinusToken, "negate"],
    [K.TildeToken, "invert"],
])

/** Functions of `Math` that have a handler of their own, and their arguments.
 * @type {ReadonlyMap<string, number>} */
export const MATHS = new Map([
    ["floor", 1],
    ["ceil", 1],
    ["abs", 1],
    ["max", 2],
    ["min", 2],
])
