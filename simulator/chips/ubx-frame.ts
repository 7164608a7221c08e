// UBX frames as the receiver writes them: the simulator's own hand, so that an error in the
// tracker's reading cannot hide behind the same error here.

export interface NavSolution {
    atMs: number
    /** 0 none, 2 two-dimensional, 3 three-dimensional. */
    fixType: number
    isFixOk: boolean
    satellites: number
    latE7: number
    lonE7: number
    altMm: number
    accuracyMm: number
    speedMms: number
    courseE5: number
    /** False while the receiver does not know date and time; known where it is left out. */
    isTimeKnown?: boolean
}

const GPS_EPOCH_MS = Date.UTC(1980, 0, 6)
const LEAP_SECONDS = 18
const WEEK_MS = 7 * 86_400_000
/** Height of the geoid where nobody asked for a better one. */
const GEOID_MM = 48_000
const U32_MAX = 0xffff_ffff

export function navPvt(solution: NavSolution): Buffer {
    const payload = Buffer.alloc(92)
    const wholeMs = Math.floor(solution.atMs / 1000) * 1000
    const utc = new Date(wholeMs)
    payload.writeUInt32LE(timeOfWeekMs(solution.atMs), 0)
    payload.writeUInt16LE(utc.getUTCFullYear(), 4)
    payload[6] = utc.getUTCMonth() + 1
    payload[7] = utc.getUTCDate()
    payload[8] = utc.getUTCHours()
    payload[9] = utc.getUTCMinutes()
    payload[10] = utc.getUTCSeconds()
    payload[11] = solution.isTimeKnown === false ? 0 : 0b111 // date, time, fully resolved
    payload.writeUInt32LE(30, 12)
    payload.writeInt32LE(Math.round((solution.atMs - wholeMs) * 1e6), 16)
    payload[20] = solution.fixType
    payload[21] = solution.isFixOk ? 1 : 0
    payload[23] = solution.satellites
    payload.writeInt32LE(solution.lonE7, 24)
    payload.writeInt32LE(solution.latE7, 28)
    payload.writeInt32LE(solution.altMm + GEOID_MM, 32)
    payload.writeInt32LE(solution.altMm, 36)
    payload.writeUInt32LE(solution.accuracyMm, 40)
    payload.writeUInt32LE(Math.min(Math.round(solution.accuracyMm * 1.5), U32_MAX), 44)
    const course = (solution.courseE5 / 1e5) * (Math.PI / 180)
    payload.writeInt32LE(Math.round(solution.speedMms * Math.cos(course)), 48)
    payload.writeInt32LE(Math.round(solution.speedMms * Math.sin(course)), 52)
    payload.writeInt32LE(solution.speedMms, 60)
    payload.writeInt32LE(solution.courseE5, 64)
    payload.writeUInt32LE(200, 68)
    payload.writeUInt32LE(500_000, 72)
    payload.writeUInt16LE(150, 76)
    return ubxFrame(0x01, 0x07, payload)
}

/** ACK-ACK or ACK-NAK of a message. */
export function acknowledgement(isTaken: boolean, messageClass: number, id: number): Buffer {
    return ubxFrame(0x05, isTaken ? 0x01 : 0x00, Buffer.from([messageClass, id]))
}

/** Class, id and payload of the first whole frame in `bytes`, or undefined. */
export function parseUbxFrame(bytes: Uint8Array) {
    if (bytes.length < 8 || bytes[0] !== 0xb5 || bytes[1] !== 0x62) return undefined
    const length = bytes[4]! | (bytes[5]! << 8)
    if (bytes.length !== length + 8) return undefined
    const [a, b] = fletcher(bytes.subarray(2, 6 + length))
    if (bytes[6 + length] !== a || bytes[7 + length] !== b) return undefined
    return { messageClass: bytes[2]!, id: bytes[3]!, payload: bytes.subarray(6, 6 + length) }
}

/**
 * The whole frames in what was written so far, and what may yet become one: a host may write several
 * in one transaction, or one in several. Longer than `bytesMax` nothing is waited for.
 */
export function takeUbxFrames(bytes: Uint8Array, bytesMax: number) {
    const frames: NonNullable<ReturnType<typeof parseUbxFrame>>[] = []
    let at = 0
    while (at < bytes.length) {
        const isSync = bytes[at] === 0xb5 && (bytes[at + 1] ?? 0x62) === 0x62
        const length = 8 + ((bytes[at + 4] ?? 0) | ((bytes[at + 5] ?? 0) << 8))
        const frame = isSync ? parseUbxFrame(bytes.subarray(at, at + length)) : undefined
        if (frame) frames.push(frame)
        else if (isSync && length <= bytesMax && at + length > bytes.length) break
        at += frame ? length : 1
    }
    return { frames, rest: bytes.slice(at) }
}

/** GPS time of week of an instant of UTC, ms. */
export function timeOfWeekMs(atMs: number): number {
    return Math.floor((atMs - GPS_EPOCH_MS + LEAP_SECONDS * 1000) % WEEK_MS)
}

/** A whole frame around `payload`. */
export function ubxFrame(messageClass: number, id: number, payload: Uint8Array): Buffer {
    const head = [messageClass, id, payload.length & 255, payload.length >> 8]
    const checked = Uint8Array.from([...head, ...payload])
    return Buffer.from([0xb5, 0x62, ...checked, ...fletcher(checked)])
}
function fletcher(bytes: Uint8Array): [number, number] {
    let a = 0
    let b = 0
    for (const byte of bytes) {
        a = (a + byte) & 255
        b = (b + a) & 255
    }
    return [a, b]
}
