// Questions that the syntax of a piece of source answers by itself, and the one way to refuse a piece.

import ts from "typescript"

const K = ts.SyntaxKind
const ACCESS = [K.PrivateKeyword, K.PublicKeyword, K.ProtectedKeyword, K.ReadonlyKeyword]
/** Statements behind which nothing follows. */
const LEAVING = [K.ReturnStatement, K.ThrowStatement, K.BreakStatement, K.ContinueStatement]

/** @typedef {(what: string) => never} Refuse says what compact code does not have, and throws */
/** @typedef {ts.FunctionDeclaration | ts.MethodDeclaration | ts.ArrowFunction} Callable */

/**
 * Throws with the file and line of what cannot be compiled.
 *
 * @param {ts.Node} node @param {string} what @returns {never}
 */
export function refuse(node, what) {
    throw new Error(`${node.getSourceFile().fileName}:${lineOf(node)}: compact code has no ${what}`)
}

/** The line that a node begins in, from 1. @param {ts.Node} node */
export function lineOf(node) {
    const file = node.getSourceFile()
    return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** Without parentheses and what only types see. @param {ts.Expression} node @returns {ts.Expression} */
export function bare(node) {
    let inner = node
    while (isWrapper(inner)) inner = inner.expression
    return inner
}

/** @param {ts.Node} node
 * @returns {node is ts.ParenthesizedExpression | ts.AsExpression | ts.NonNullExpression} */
export function isWrapper(node) {
    return (
        ts.isParenthesizedExpression(node) ||
        ts.isAsExpression(node) ||
        ts.isNonNullExpression(node)
    )
}

/** What a declaration is called; undefined where its name is computed or missing.
 * @param {ts.Node} node @returns {string | undefined} */
export function nameOf(node) {
    const { name } = /** @type {{ name?: ts.Node }} */ (node)
    return name === undefined ? undefined : nameText(name)
}

/** @param {ts.Node} name @returns {string | undefined} */
export function nameText(name) {
    const isPlain =
        ts.isIdentifier(name) ||
        ts.isPrivateIdentifier(name) ||
        ts.isStringLiteral(name) ||
        ts.isNumericLiteral(name)
    return isPlain ? name.text : undefined
}

/** The names in the braces of an import or export. @param {ts.Statement} statement */
export function bindingsOf(statement) {
    if (ts.isImportDeclaration(statement)) {
        const bindings = statement.importClause?.namedBindings
        return bindings !== undefined && ts.isNamedImports(bindings) ? [...bindings.elements] : []
    }
    if (!ts.isExportDeclaration(statement)) return []
    const clause = statement.exportClause
    return clause !== undefined && ts.isNamedExports(clause) ? [...clause.elements] : []
}

/** @param {ts.Node} node @param {ts.SyntaxKind} operator @returns {node is ts.BinaryExpression} */
export function isOperation(node, operator) {
    return ts.isBinaryExpression(node) && node.operatorToken.kind === operator
}

/** @param {ts.Node} node @returns {node is ts.PrefixUnaryExpression} */
export function isNot(node) {
    return ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken
}

/** `++` or `--`, before or behind. @param {ts.Node} node
 * @returns {node is ts.PrefixUnaryExpression | ts.PostfixUnaryExpression} */
export function isStep(node) {
    if (ts.isPostfixUnaryExpression(node)) return true
    if (!ts.isPrefixUnaryExpression(node)) return false
    return node.operator === K.PlusPlusToken || node.operator === K.MinusMinusToken
}

/** @param {ts.Expression} node */
export function isUndefined(node) {
    const inner = bare(node)
    return ts.isIdentifier(inner) && inner.text === "undefined"
}

/** To be read twice without a difference. @param {ts.Expression} node @returns {boolean} */
export function isPure(node) {
    const inner = bare(node)
    if (ts.isIdentifier(inner) || isLiteral(inner)) return true
    if (ts.isPropertyAccessExpression(inner)) return isPure(inner.expression)
    if (ts.isBinaryExpression(inner)) {
        const { kind } = inner.operatorToken
        const isAssignment = kind >= K.FirstAssignment && kind <= K.LastAssignment
        return !isAssignment && isPure(inner.left) && isPure(inner.right)
    }
    return (
        ts.isElementAccessExpression(inner) &&
        isPure(inner.expression) &&
        isPure(inner.argumentExpression)
    )
}

/** Means the same wherever it stands in a function. @param {ts.Expression} node */
export function isLiteral(node) {
    return (
        ts.isLiteralExpression(node) ||
        [K.ThisKeyword, K.TrueKeyword, K.FalseKeyword, K.NullKeyword].includes(node.kind)
    )
}

/** A statement behind which nothing follows. @param {ts.Statement} node @returns {boolean} */
export function isLeft(node) {
    if (ts.isBlock(node)) {
        const last = node.statements.at(-1)
        return last !== undefined && isLeft(last)
    }
    if (ts.isIfStatement(node))
        return (
            node.elseStatement !== undefined &&
            isLeft(node.thenStatement) &&
            isLeft(node.elseStatement)
        )
    return LEAVING.includes(node.kind)
}

/** A statement of a module that is more than a declaration. @param {ts.Statement} node */
export function isDone(node) {
    const isDeclared =
        ts.isImportDeclaration(node) ||
        ts.isExportDeclaration(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isClassDeclaration(node) ||
        ts.isEnumDeclaration(node)
    return !isDeclared && !ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node)
}

/** @param {ts.Node} node */
export function isExported(node) {
    return has(node, K.ExportKeyword)
}

/** Of a variable of a module. @param {ts.VariableDeclaration} node */
export function isExportedValue(node) {
    return isExported(node.parent.parent)
}

/** A variable that stands in no function. @param {ts.VariableDeclaration} node */
export function isOfModule(node) {
    return node.parent.parent.parent === node.getSourceFile()
}

/** @param {ts.Node} node */
export function isAsync(node) {
    return has(node, K.AsyncKeyword)
}

/** @param {ts.Node} node */
export function isStatic(node) {
    return has(node, K.StaticKeyword)
}

/** @param {ts.Node} node */
export function isPrivate(node) {
    return has(node, K.PrivateKeyword)
}

/** A parameter of a constructor that is a field as well.
 * @param {ts.Node} node @returns {node is ts.ParameterPropertyDeclaration} */
export function isFieldParameter(node) {
    return ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent)
}

/** The words before a member that say who may use it. @param {ts.Node} node */
export function accessOf(node) {
    return modifiersOf(node).filter(({ kind }) => ACCESS.includes(kind))
}

/** @param {ts.Node} node @param {ts.SyntaxKind} kind */
function has(node, kind) {
    return modifiersOf(node).some((modifier) => modifier.kind === kind)
}

/** @param {ts.Node} node @returns {readonly ts.Modifier[]} */
function modifiersOf(node) {
    return ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : []
}
