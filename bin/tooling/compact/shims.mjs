// What native code sees of functions and classes that became compact code: the same names and types,
// and bodies that enter the code. A class that native code never sees is left as a type.

import ts from "typescript"
import { accessOf, isAsync, isExported, isFieldParameter, nameOf } from "./syntax.mjs"

/** @typedef {import("./pass.mjs").Pass} Pass */
/** @typedef {readonly ts.ParameterDeclaration[]} Parameters */

/** Calls with so many arguments have entries of their own in the interpreter. */
const FEW = 3

/** @param {Pass} pass @param {ts.FunctionDeclaration} node */
export function functionShim(pass, node) {
    const type = returnType(pass, node)
    const call = entering(pass, node, node.parameters, false)
    const head = `${nameOf(node)}${generics(node)}(${parametersText(pass, node.parameters)}): ${type}`
    return `export ${asyncWord(node)}function ${head} { ${returning(call, type)} }`
}

/** @param {Pass} pass @param {ts.ClassDeclaration} node */
export function classShim(pass, node) {
    const exported = isExported(node) ? "export " : ""
    const head = `${nameOf(node)}${generics(node)}`
    const fields = fieldsOf(pass, node)
    if (!pass.learned.nativeUse.hasSide(node)) {
        const members = fields.map(({ name, type }) => `${name}: ${type}`)
        return `${exported}interface ${head} { ${members.join("; ")} }`
    }
    const own = node.members.find(ts.isConstructorDeclaration)?.parameters ?? []
    const construct = entering(pass, node, own, true)
    const parts = [
        ...fields.map(({ access, name, type }) => `${access}${name}!: ${type}`),
        `constructor(${parametersText(pass, own)}) { ${construct} }`,
        ...methodShims(pass, node),
    ]
    const text = `${exported}class ${head} {\n    ${parts.join("\n    ")}\n}`
    const link = pass.links.classes.get(node)
    if (link === undefined) return text
    return `${text}\nregister(${link.index}, ${nameOf(node)} as unknown as Class)`
}

/** Fields that the constructor's parameters are, then the others, without values: the code sets them.
 * @param {Pass} pass @param {ts.ClassDeclaration} node */
function fieldsOf(pass, node) {
    const own = node.members.find(ts.isConstructorDeclaration)?.parameters ?? []
    return [...own.filter(isFieldParameter), ...node.members.filter(ts.isPropertyDeclaration)].map(
        (field) => ({
            access: accessText(field),
            name: nameOf(field),
            type: field.type?.getText() ?? typeAt(pass, field),
        }),
    )
}

/** @param {Pass} pass @param {ts.ClassDeclaration} node */
function methodShims(pass, node) {
    return node.members
        .filter(ts.isMethodDeclaration)
        .filter((member) => pass.learned.nativeUse.isCalled(member))
        .map((member) => {
            const { parameters } = member
            const type = returnType(pass, member)
            const head = `${nameOf(member)}(${parametersText(pass, parameters)}): ${type}`
            const body = returning(entering(pass, member, parameters, true), type)
            return `${accessText(member)}${asyncWord(member)}${head} { ${body} }`
        })
}

/** @param {Pass} pass @param {ts.Node} node @param {Parameters} parameters @param {boolean} hasThis */
function entering(pass, node, parameters, hasThis) {
    const args = [...(hasThis ? ["this"] : []), ...parameters.map(parameterName)]
    const at = pass.addressOf(node)
    if (args.length <= FEW) return `enter${args.length}(${[at, ...args].join(", ")})`
    return `enter(${at}, [${args.join(", ")}])`
}

/** What a shim does. The machine has no promises: who calls waits.
 * @param {string} call @param {string} type */
function returning(call, type) {
    if (type === "void" || type === "Promise<void>") return call
    const [, awaited] = /^Promise<(.*)>$/.exec(type) ?? []
    return `return ${call} as ${awaited ?? type}`
}

/** @param {Pass} pass @param {ts.FunctionDeclaration | ts.MethodDeclaration} node */
function returnType({ sources: { checker } }, node) {
    if (node.type) return node.type.getText()
    const signature = checker.getSignatureFromDeclaration(node)
    return signature === undefined
        ? "unknown"
        : checker.typeToString(checker.getReturnTypeOfSignature(signature))
}

/** The type of what declares none. @param {Pass} pass @param {ts.Node} node */
export function typeAt({ sources: { checker } }, node) {
    return checker.typeToString(checker.getBaseTypeOfLiteralType(checker.getTypeAtLocation(node)))
}

/** @param {Pass} pass @param {Parameters} parameters */
function parametersText(pass, parameters) {
    return parameters
        .map((parameter, index) => {
            const type = parameter.type?.getText() ?? typeAt(pass, parameter)
            const isOptional = parameter.questionToken || parameter.initializer
            return `${parameterName(parameter, index)}${isOptional ? "?" : ""}: ${type}`
        })
        .join(", ")
}

/** @param {ts.ParameterDeclaration} parameter @param {number} index */
function parameterName(parameter, index) {
    return nameOf(parameter) ?? `p${index}`
}

/** @param {ts.ClassDeclaration | ts.FunctionDeclaration} node */
function generics(node) {
    if (!node.typeParameters) return ""
    return `<${node.typeParameters.map((parameter) => parameter.getText()).join(", ")}>`
}

/** @param {ts.Node} member */
function accessText(member) {
    return accessOf(member)
        .map((modifier) => `${modifier.getText()} `)
        .join("")
}

/** @param {ts.Node} node */
function asyncWord(node) {
    return isAsync(node) ? "async " : ""
}
