// An opened body, item by item, with the names that its type gives to the keys.

import { MessageType } from "../../protocol/envelope.js"
import { PROFILE_PLAIN } from "../../protocol/fix.js"
import type { Part } from "./part.js"
import { RULE } from "./rules.js"
import { type CborItem, walkCbor } from "./walk-cbor.js"

interface BodyKeys {
    rule: string
    names: Record<number, [name: string, meaning: string]>
}

const BATCH: BodyKeys = {
    rule: RULE.batch,
    names: {
        1: ["firstFix", "number of the first fix in its session"],
        2: ["count", "fixes in the batch"],
        3: ["first", "the first fix, column by column"],
        4: ["fixes", "those after the first; in a packed batch all"],
        5: ["profile", "how the fixes are written"],
        6: ["reference", "number of the fix that the first one is coded against"],
        7: ["thinned", "records that the full queue let go of in this session"],
    },
}
const HELLO: BodyKeys = {
    rule: RULE.hello,
    names: {
        1: ["session", "session counter, 0 on a board that keeps none"],
        2: ["programHash", "SHA-256 of the program"],
        3: ["board", "the board's name"],
        4: ["resetCause", "0 unknown, 1 power, 2 program"],
        5: ["uptimeMs", "milliseconds since boot"],
    },
}
const ACK: BodyKeys = {
    rule: RULE.ack,
    names: {
        1: ["epoch", "of the records it names"],
        2: ["session", "of the records it names"],
        3: ["seq", "this record is durable"],
        4: ["earlier", "bit i set: record seq - 1 - i is durable"],
    },
}
const COMMAND: BodyKeys = {
    rule: RULE.command,
    names: {
        1: ["expiresAtS", "void from then on, seconds of UTC since 1970"],
        2: ["mandate", "the mandate that it acts under"],
        3: ["order", "1 hold, 2 report"],
        4: ["args", "of the order"],
    },
}
const BODIES: Partial<Record<number, BodyKeys>> = {
    [MessageType.telemetry]: BATCH,
    [MessageType.hello]: HELLO,
    [MessageType.ack]: ACK,
    [MessageType.command]: COMMAND,
}

/** In the plain profile: column, unit, units in one step of the wire. */
const COLUMNS: readonly [name: string, unit: string, step: number][] = [
    ["time", "s", 0.1],
    ["latitude", "deg", 1e-6],
    ["longitude", "deg", 1e-6],
    ["altitude", "m", 1],
    ["speed", "m/s", 0.1],
    ["course", "deg", 1],
    ["accuracy", "m", 0.1],
    ["satellites", "", 1],
]
const KEY_FIRST = 3
const KEY_FIXES = 4
const KEY_PROFILE = 5
/** Profile, and count with the chaining bit. */
const PACKED_HEAD_BYTES = 2
const CHAINED = 128

/** The body of a message of a type; bytes that are no CBOR come as one last part that says so. */
export function bodyParts(type: number, body: Buffer): Part[] {
    const { items, end, fault } = walkCbor(body)
    const profile = items.find(({ path, isKey }) => !isKey && path.join() === `${KEY_PROFILE}`)
    const isPlain = profile?.value === PROFILE_PLAIN
    const parts = items.flatMap((item): Part[] => {
        if (type === MessageType.telemetry && isPacked(item)) return packedParts(item, body)
        const { name, meaning, rule } = described(type, item, isPlain)
        const part = {
            offset: item.offset,
            bytes: body.toString("hex", item.offset, item.offset + item.length),
            field: item.isKey ? `key ${name}` : name,
            value: shownValue(item),
            meaning: item.isKey ? "" : meaning,
            rule,
        }
        return [part]
    })
    if (fault === undefined && end === body.length) return parts
    const rest = {
        offset: end,
        bytes: body.toString("hex", end),
        value: "",
        rule: RULE.body,
    }
    const meaning = fault === undefined ? "bytes after the body's end" : `no CBOR: ${fault}`
    return [...parts, { ...rest, field: "rest", meaning }]
}

function isPacked({ path, isKey, kind, value }: CborItem): boolean {
    if (isKey || kind !== "bytes" || path.join() !== `${KEY_FIXES}`) return false
    return String(value).length / 2 > PACKED_HEAD_BYTES
}

/** The byte string's own head, then what the first two bytes of a packed batch say. */
function packedParts({ offset, length, value }: CborItem, body: Buffer): Part[] {
    const batch = Buffer.from(String(value), "hex")
    const start = offset + length - batch.length
    const part = (from: number, to: number, field: string, what: string | number, why: string) => ({
        offset: from,
        bytes: body.toString("hex", from, to),
        field,
        value: what,
        meaning: why,
        rule: RULE.packed,
    })
    const [profile = 0, count = 0] = batch
    const chained = count >= CHAINED ? "chained to an earlier fix" : "by itself"
    return [
        part(offset, start, "fixes", `${batch.length} bytes`, "a packed batch"),
        part(start, start + 1, "fixes.profile", profile, "quanta and columns kept"),
        part(start + 1, start + 2, "fixes.count", count % CHAINED, chained),
        part(start + 2, offset + length, "fixes.columns", "", "range-coded"),
    ]
}

function described(
    type: number,
    { path, kind }: CborItem,
    isPlain: boolean,
): { name: string; meaning: string; rule: string } {
    const keys = BODIES[type]
    if (path.length === 0)
        return { name: "body", meaning: kind === "map" ? "pairs" : "", rule: RULE.body }
    const [key, ...inner] = path
    const known = keys?.names[key!]
    if (keys === undefined || known === undefined) {
        return { name: path.join("."), meaning: "not known here", rule: RULE.unknownKey }
    }
    const [name, meaning] = known
    if (inner.length === 0) return { name, meaning, rule: keys.rule }
    const isColumn = keys === BATCH && isPlain && (key === KEY_FIRST || key === KEY_FIXES)
    const column = isColumn ? COLUMNS[inner.at(-1)!] : undefined
    const isRow = key === KEY_FIXES && inner.length === 1
    const label = [name, ...inner.slice(0, -1), isRow ? inner[0]! : (column?.[0] ?? inner.at(-1)!)]
    const step = column === undefined || isRow ? "" : stepText(column, key === KEY_FIXES)
    const what = isRow ? "difference to the fix before, column by column" : step
    return { name: label.join("."), meaning: what, rule: keys.rule }
}

function stepText([, unit, step]: (typeof COLUMNS)[number], isDifference: boolean): string {
    const size = `${step === 1 ? "" : `${step} `}${unit}`.trim()
    const of = isDifference ? "difference" : "value"
    return size === "" ? of : `${of} in ${size}`
}

function shownValue({ kind, value }: CborItem): string | number {
    if (kind === "map") return `map of ${value}`
    if (kind === "array") return `array of ${value}`
    return kind === "text" ? JSON.stringify(value) : value
}
