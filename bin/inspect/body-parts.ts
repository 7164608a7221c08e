// An opened body, item by item, with the names that its type gives to the keys.

import { PROFILE_PLAIN } from "../../protocol/fix.js"
import { decodePacked } from "../../protocol/pack/packed-batch.js"
import { quantityOf } from "../../protocol/quantity.js"
import { BODY_KEYS, isReport } from "./body-keys.js"
import type { Part } from "./part.js"
import { RULE } from "./rules.js"
import { type CborItem, walkCbor } from "./walk-cbor.js"

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
const KEY_READINGS = 10
const KEY_SCAN = 11
const KEY_EVENT = 12
/** Profile, and count with the chaining bit. */
const PACKED_HEAD_BYTES = 2
const CHAINED = 128
const BSSID_BYTES = 6
const SCAN_ROW_BYTES = 7

interface Described {
    name: string
    meaning: string
    rule: string
}

/** The body of a message of a type; bytes that are no CBOR come as one last part that says so. */
export function bodyParts(type: number, body: Buffer): Part[] {
    const { items, end, fault } = walkCbor(body)
    const parts = items.flatMap((item): Part[] => {
        if (isReport(type) && isBytesOf(item, KEY_FIXES, PACKED_HEAD_BYTES + 1))
            return packedParts(item, body)
        if (isReport(type) && isBytesOf(item, KEY_SCAN, 0)) return scanParts(item, body)
        const { name, meaning, rule } = described(type, item, items)
        return [
            {
                offset: item.offset,
                bytes: body.toString("hex", item.offset, item.offset + item.length),
                field: item.isKey ? `key ${name}` : name,
                value: shownValue(item),
                meaning: item.isKey ? "" : meaning,
                rule,
            },
        ]
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

function isBytesOf({ path, isKey, kind, value }: CborItem, key: number, least: number): boolean {
    if (isKey || kind !== "bytes" || path.join() !== `${key}`) return false
    return String(value).length / 2 >= least
}

/** What a packed batch is chained to, or undefined for one that is chained to none. */
export function baseOfPacked(batch: Buffer): number | undefined {
    let base: number | undefined
    decodePacked(batch, (fix) => {
        base = fix
        return undefined
    })
    return base
}

/** The byte string's own head, then what the first two bytes of a packed batch say. */
function packedParts({ offset, length, value }: CborItem, body: Buffer): Part[] {
    const batch = Buffer.from(String(value), "hex")
    const start = offset + length - batch.length
    const [profile = 0, count = 0] = batch
    const base = baseOfPacked(batch)
    const to = base === undefined ? "a fix" : `fix ${base}`
    const chained = count < CHAINED ? "by itself" : `chained to ${to}`
    return [
        part(body, offset, start, ["fixes", `${batch.length} bytes`, "a packed batch"]),
        part(body, start, start + 1, ["fixes.profile", profile, "quanta and columns kept"]),
        part(body, start + 1, start + 2, ["fixes.count", count % CHAINED, chained]),
        part(body, start + 2, offset + length, ["fixes.columns", "", "range-coded"]),
    ]
}

/** The byte string's own head, then each access point. */
function scanParts({ offset, length, value }: CborItem, body: Buffer): Part[] {
    const count = String(value).length / 2
    const start = offset + length - count
    const rule = RULE.scan
    const parts = [part(body, offset, start, ["scan", `${count} bytes`, "access points"], rule)]
    for (let at = start; at < offset + length; at += SCAN_ROW_BYTES) {
        const name = `scan.${(at - start) / SCAN_ROW_BYTES}`
        const end = Math.min(at + BSSID_BYTES, offset + length)
        const bssid = body.toString("hex", at, end)
        parts.push(part(body, at, end, [`${name}.bssid`, bssid, "the access point"], rule))
        if (end === offset + length) break
        const dbm = 0 - body[end]!
        parts.push(part(body, end, end + 1, [`${name}.signal`, dbm, "dBm"], rule))
    }
    return parts
}

function part(
    body: Buffer,
    from: number,
    to: number,
    [field, value, meaning]: [field: string, value: string | number, meaning: string],
    rule: string = RULE.packed,
): Part {
    return { offset: from, bytes: body.toString("hex", from, to), field, value, meaning, rule }
}

function described(type: number, item: CborItem, items: readonly CborItem[]): Described {
    const { path, kind } = item
    if (path.length === 0)
        return { name: "body", meaning: kind === "map" ? "pairs" : "", rule: RULE.body }
    const [key, ...inner] = path
    const known = BODY_KEYS[type]?.[key!]
    if (known === undefined)
        return { name: path.join("."), meaning: "not known here", rule: RULE.unknownKey }
    if (inner.length === 0) return known
    const { name, rule } = known
    const [label, meaning] = innerOf(type, item, items) ?? [inner.join("."), ""]
    return { name: `${name}.${label}`, meaning, rule }
}

/** Name and meaning of an item inside a key's value; undefined where its place says all. */
function innerOf(
    type: number,
    { path, value }: CborItem,
    items: readonly CborItem[],
): [label: string, meaning: string] | undefined {
    if (!isReport(type)) return undefined
    const [key, ...inner] = path
    if (key === KEY_EVENT) return eventItem(inner)
    if (key === KEY_READINGS) return readingItem(inner, value, valueAt(items, [key, inner[0]!, 0]))
    const isPlain = valueAt(items, [KEY_PROFILE]) === PROFILE_PLAIN
    if (!isPlain || (key !== KEY_FIRST && key !== KEY_FIXES)) return undefined
    if (key === KEY_FIXES && inner.length === 1)
        return [`${inner[0]}`, "difference to the fix before, column by column"]
    const column = COLUMNS[inner.at(-1)!]
    if (column === undefined) return undefined
    const label = [...inner.slice(0, -1), column[0]].join(".")
    return [label, stepText(column, key === KEY_FIXES)]
}

function eventItem([index]: number[]): [string, string] {
    return index === 0 ? ["kind", "what happened"] : [`args.${index! - 1}`, "as the kind has it"]
}

/** `quantity`: what stands first in the item's own series. */
function readingItem(
    [series, place, interval]: number[],
    value: number | string,
    quantity: number | string | undefined,
): [string, string] {
    const name = `${series}`
    if (place === undefined) return [name, "quantity, start, intervals, value, differences"]
    const known = quantityOf(Number(quantity))
    const unit = known === undefined ? "not known here" : `${known.quantum} ${known.unit}`
    if (place === 0) return [`${name}.quantity`, known?.name ?? `${value}: not known here`]
    if (place === 1) return [`${name}.start`, "tenths of a second from the instant"]
    if (place === 2 && interval === undefined)
        return [`${name}.intervals`, "tenths of a second from reading to reading"]
    if (place === 2) return [`${name}.intervals.${interval}`, "tenths of a second"]
    if (place === 3) return [`${name}.value`, `value in ${unit}`]
    return [`${name}.difference.${place - 4}`, `difference in ${unit}`]
}

function valueAt(items: readonly CborItem[], path: number[]): number | string | undefined {
    const name = path.join()
    return items.find((item) => !item.isKey && item.path.join() === name)?.value
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
