// A CBOR item and all inside it, head by head, with where each stands. Reads anything that is well
// formed; whether it is as strict as the wire asks is for the protocol's own reader to say.

export interface CborItem {
    offset: number
    /** Bytes of the head, and of a string's content with it. */
    length: number
    kind: "integer" | "bytes" | "text" | "array" | "map" | "other"
    /** Of containers: how many items or pairs. */
    value: number | string
    /** Map keys and array indices from the outside in. */
    path: number[]
    /** The item is a map's key: the last step of its path. */
    isKey: boolean
}

const DEPTH_MAX = 16
const KINDS = ["integer", "integer", "bytes", "text", "array", "map", "other", "other"] as const

/** The items of the first one in `source`, and where what follows it begins; the reason if cut. */
export function walkCbor(source: Buffer): { items: CborItem[]; end: number; fault?: string } {
    const items: CborItem[] = []
    let at = 0

    const argument = (): number => {
        const info = source[at]! & 31
        at++
        if (info < 24) return info
        if (info > 27) throw new Error("a length that is not definite")
        const width = 2 ** (info - 24)
        if (at + width > source.length) throw new Error("an item that is cut short")
        const value = Number(`0x${source.toString("hex", at, at + width)}`)
        at += width
        return value
    }
    const item = (path: number[], isKey: boolean): number => {
        if (at >= source.length) throw new Error("an item that is cut short")
        if (path.length > DEPTH_MAX) throw new Error(`items more than ${DEPTH_MAX} deep`)
        const offset = at
        const major = source[at]! >> 5
        const kind = KINDS[major]!
        const number = argument()
        let value: number | string = major === 1 ? -1 - number : number
        if (kind === "bytes" || kind === "text") {
            if (at + number > source.length) throw new Error("a string that is cut short")
            const content = source.subarray(at, at + number)
            value = kind === "text" ? content.toString() : content.toString("hex")
            at += number
        }
        if (kind === "other") value = source.toString("hex", offset, at)
        items.push({ offset, length: at - offset, kind, value, path, isKey })
        if (kind === "array") for (let i = 0; i < number; i++) item([...path, i], false)
        if (kind === "map") for (let i = 0; i < number; i++) pair(path)
        return typeof value === "number" ? value : Number.NaN
    }
    const pair = (path: number[]): void => {
        const at = items.length
        const key = item(path, true)
        items[at]!.path = [...path, key]
        item([...path, key], false)
    }

    try {
        item([], false)
        return { items, end: at }
    } catch (error) {
        return { items, end: at, fault: (error as Error).message }
    }
}
