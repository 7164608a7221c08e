// `burr inspect`: a message taken apart, byte by byte.

import { existsSync, readFileSync, statSync } from "node:fs"
import { InputError } from "../gateway/core/input-error.js"
import { MESSAGE_BYTES_MAX, SALT_BYTES } from "../protocol/envelope.js"
import type { Part } from "./inspect/part.js"
import { type TakenApart, takeApart } from "./inspect/take-apart.js"

export interface InspectFlags {
    key?: string
    salt?: string
    /** Messages that a chained batch goes on from, oldest first, with commas. */
    base?: string
    json?: boolean
}

const KEY_BYTES = 32
/** A message in hexadecimal, with a space after each byte and line ends. */
const FILE_BYTES_MAX = 4 * MESSAGE_BYTES_MAX

export function inspectCommand(message: string, flags: InspectFlags): void {
    const apart = inspect(message, flags)
    process.stdout.write(flags.json === true ? `${JSON.stringify(apart)}\n` : inspectText(apart))
}

/** `message` is hexadecimal, or a file that holds it in hexadecimal or as bytes. */
export function inspect(message: string, flags: InspectFlags): TakenApart {
    return takeApart(messageBytes(message), {
        key: secretBytes("key", flags.key, KEY_BYTES),
        salt: secretBytes("salt", flags.salt, SALT_BYTES),
        bases: flags.base?.split(",").map(messageBytes) ?? [],
    })
}

function messageBytes(given: string): Buffer {
    const direct = hexBytes(given)
    if (direct !== undefined) return direct
    if (!existsSync(given)) {
        throw new InputError(
            `message is "${shown(given)}", expected pairs of hexadecimal digits or a file`,
        )
    }
    const status = statSync(given)
    if (!status.isFile()) throw new InputError(`message: ${given} is no file`)
    const { size } = status
    if (size > FILE_BYTES_MAX) {
        throw new InputError(
            `message: ${given} has ${size} bytes, expected a message of at most ${MESSAGE_BYTES_MAX}`,
        )
    }
    const content = readFileSync(given)
    return hexBytes(content.toString("latin1")) ?? content
}

/** Undefined when the text is not hexadecimal; spaces, colons and line ends between bytes may be. */
function hexBytes(text: string): Buffer | undefined {
    const digits = text.replace(/[\s:]/g, "")
    const isHex = digits.length > 0 && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits)
    return isHex ? Buffer.from(digits, "hex") : undefined
}

function secretBytes(name: string, text: string | undefined, count: number): Buffer | undefined {
    if (text === undefined) return undefined
    const bytes = hexBytes(text)
    if (bytes?.length === count) return bytes
    // A key is not repeated: messages end up in logs.
    const got = bytes === undefined ? "not hexadecimal" : `${bytes.length} bytes`
    throw new InputError(`${name} is ${got}, expected ${count} bytes as ${2 * count} digits`)
}

function inspectText({ bytes, parts, body, decoded }: TakenApart): string {
    const lines = [`${bytes} bytes`, ...table(parts)]
    if (body !== null) lines.push("", "body, opened", ...table(body))
    if (decoded !== null) lines.push("", "read as", JSON.stringify(decoded, null, 2))
    return `${lines.join("\n")}\n`
}

const BYTES_SHOWN = 12

function table(parts: readonly Part[]): string[] {
    const rows = [
        ["at", "bytes", "field", "value", "meaning", "rule"],
        ...parts.map(({ offset, bytes, field, value, meaning, rule }) => [
            String(offset),
            cut(bytes, 2 * BYTES_SHOWN),
            field,
            cut(String(value), 2 * BYTES_SHOWN),
            meaning,
            rule,
        ]),
    ]
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
    return rows.map((row) => {
        const cells = row.map((cell, column) =>
            column === 0 ? cell.padStart(widths[0]!) : cell.padEnd(widths[column]!),
        )
        return `  ${cells.join("  ").trimEnd()}`
    })
}

function cut(text: string, length: number): string {
    return text.length > length ? `${text.slice(0, length)}…` : text
}

function shown(text: string): string {
    return cut(text, 80)
}
