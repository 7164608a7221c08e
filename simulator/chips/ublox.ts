// A u-blox receiver on I2C. It starts as the part does: NMEA on, NAV-PVT off. It changes only by
// messages that it acknowledges, and forgets all of it when power goes. The generation decides
// which messages it knows: "m10" CFG-VALSET alone, "m8" the older CFG-PRT, CFG-MSG and CFG-RATE.

import type { Clock, Timer } from "../vm/clock.js"
import type { I2cChip } from "./i2c-bus.js"
import { acknowledgement, type NavSolution, navPvt, parseUbxFrame } from "./ubx-frame.js"

export const UBLOX_ADDRESS = 0x42

/** What the antenna sees at an instant; undefined while nothing new is to be said. */
export type SkySource = (atMs: number) => NavSolution | undefined

/** Bytes that another receiver once sent. They begin to flow once NAV-PVT is switched on. */
export interface Capture {
    bytes: Uint8Array
    bytesPerS: number
}

export interface UbloxOptions {
    clock: Clock
    source: SkySource | Capture
    generation?: "m8" | "m10"
}

/** The part's own buffer; older bytes go when it runs over. */
const BUFFER_BYTES = 4096
const REGISTER_WAITING_HIGH = 0xfd
const REGISTER_WAITING_LOW = 0xfe
const REGISTER_STREAM = 0xff
const NOTHING = 0xff
const CLASS_CFG = 0x06
const CFG_PRT = 0x00
const CFG_MSG = 0x01
const CFG_RATE = 0x08
const CFG_VALSET = 0x8a
const KEY_OUT_UBX = 0x10720001
const KEY_OUT_NMEA = 0x10720002
const KEY_PVT_RATE = 0x20910006
const KEY_RATE_MEAS = 0x30210001

interface Settings {
    isUbxOut: boolean
    isNmeaOut: boolean
    /** NAV-PVT with every n-th solution; 0 for never. */
    pvtEvery: number
    measureMs: number
}

const POWER_ON: Settings = { isUbxOut: true, isNmeaOut: true, pvtEvery: 0, measureMs: 1000 }

export class Ublox implements I2cChip {
    private settings: Settings = { ...POWER_ON }
    private waiting = new ByteQueue(BUFFER_BYTES)
    private register = REGISTER_STREAM
    private timer: Timer | undefined
    private solutions = 0
    private played = 0

    constructor(private readonly options: UbloxOptions) {}

    powerOn(): void {
        this.settings = { ...POWER_ON }
        this.waiting = new ByteQueue(BUFFER_BYTES)
        this.register = REGISTER_STREAM
        this.scheduleSolution()
    }
    powerOff(): void {
        this.timer?.cancel()
    }

    write(bytes: Uint8Array): void {
        if (bytes.length === 1) this.register = bytes[0]!
        else if (bytes.length > 1) this.configure(bytes)
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => this.readByte())
    }

    private readByte(): number {
        if (this.register === REGISTER_WAITING_HIGH) {
            this.register = REGISTER_WAITING_LOW
            return this.waiting.length >> 8
        }
        if (this.register === REGISTER_WAITING_LOW) {
            this.register = REGISTER_STREAM
            return this.waiting.length & 255
        }
        return this.waiting.shift() ?? NOTHING
    }

    /** Solutions come at full steps of UTC, as the part aligns them. */
    private scheduleSolution(): void {
        const { clock } = this.options
        const step = this.settings.measureMs
        const next = (Math.floor(clock.nowMs / step) + 1) * step
        this.timer = clock.after(next - clock.nowMs, () => {
            this.solve(next)
            this.scheduleSolution()
        })
    }
    private solve(atMs: number): void {
        this.solutions++
        if (typeof this.options.source !== "function") this.play(this.options.source)
        else this.report(this.options.source(atMs))
    }
    private play({ bytes, bytesPerS }: Capture): void {
        if (this.settings.pvtEvery === 0) return
        const until = this.played + Math.ceil((bytesPerS * this.settings.measureMs) / 1000)
        this.waiting.push(bytes.subarray(this.played, until))
        this.played = until
    }
    private report(solution: NavSolution | undefined): void {
        if (!solution) return
        const { isNmeaOut, isUbxOut, pvtEvery } = this.settings
        if (isNmeaOut) this.waiting.push(Buffer.from(rmc(solution), "latin1"))
        if (isUbxOut && pvtEvery > 0 && this.solutions % pvtEvery === 0)
            this.waiting.push(navPvt(solution))
    }

    private configure(bytes: Uint8Array): void {
        const frame = parseUbxFrame(bytes)
        if (frame?.messageClass !== CLASS_CFG) return
        const changed = this.settingsAfter(frame.id, Buffer.from(frame.payload))
        if (changed) this.settings = changed
        this.waiting.push(acknowledgement(changed !== undefined, CLASS_CFG, frame.id))
    }

    /** The settings that a message asks for, or undefined where the part refuses it. */
    private settingsAfter(id: number, payload: Buffer): Settings | undefined {
        const isCurrent = (this.options.generation ?? "m10") === "m10"
        if (isCurrent) return id === CFG_VALSET ? withKeys(this.settings, payload) : undefined
        if (id === CFG_PRT && payload.length === 20 && payload[0] === 0) {
            const out = payload.readUInt16LE(14)
            return { ...this.settings, isUbxOut: (out & 1) !== 0, isNmeaOut: (out & 2) !== 0 }
        }
        if (id === CFG_RATE && payload.length === 6)
            return { ...this.settings, measureMs: payload.readUInt16LE(0) }
        if (id === CFG_MSG && payload.length === 3 && payload[0] === 0x01 && payload[1] === 0x07)
            return { ...this.settings, pvtEvery: payload[2]! }
        return undefined
    }
}

/** All keys of a CFG-VALSET or none of them: an unknown key refuses the message. */
function withKeys(settings: Settings, payload: Buffer): Settings | undefined {
    const changed = { ...settings }
    let at = 4
    if (payload.length < 5 || payload[0] !== 0) return undefined
    while (at + 4 < payload.length) {
        const key = payload.readUInt32LE(at)
        const value = payload[at + 4]!
        at += 5
        if (key === KEY_OUT_UBX) changed.isUbxOut = value === 1
        else if (key === KEY_OUT_NMEA) changed.isNmeaOut = value === 1
        else if (key === KEY_PVT_RATE) changed.pvtEvery = value
        else if (key === KEY_RATE_MEAS && at < payload.length) {
            changed.measureMs = payload.readUInt16LE(at - 1)
            at++
        } else return undefined
    }
    return at === payload.length ? changed : undefined
}

function rmc(solution: NavSolution): string {
    const utc = new Date(solution.atMs).toISOString()
    const time = utc.slice(11, 22).replaceAll(":", "")
    const date = utc.slice(8, 10) + utc.slice(5, 7) + utc.slice(2, 4)
    const lat = nmeaAngle(solution.latE7 / 1e7, 2, "N", "S")
    const lon = nmeaAngle(solution.lonE7 / 1e7, 3, "E", "W")
    const knots = (solution.speedMms / 514.444).toFixed(3)
    const course = (solution.courseE5 / 1e5).toFixed(2)
    const status = solution.isFixOk ? "A" : "V"
    const text = `GNRMC,${time},${status},${lat},${lon},${knots},${course},${date},,,A`
    let sum = 0
    for (const char of text) sum ^= char.charCodeAt(0)
    return `$${text}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`
}
function nmeaAngle(angleDeg: number, digits: number, positive: string, negative: string): string {
    const size = Math.abs(angleDeg)
    const whole = Math.floor(size)
    const minutes = ((size - whole) * 60).toFixed(5).padStart(8, "0")
    return `${String(whole).padStart(digits, "0")}${minutes},${angleDeg < 0 ? negative : positive}`
}

/** First in, first out; when full, the oldest bytes make room. */
class ByteQueue {
    private bytes: number[] = []
    private from = 0

    constructor(private readonly bytesMax: number) {}

    get length(): number {
        return this.bytes.length - this.from
    }
    push(more: Uint8Array): void {
        for (const byte of more) this.bytes.push(byte)
        this.from = Math.max(this.from, this.bytes.length - this.bytesMax)
        if (this.from > this.bytesMax) {
            this.bytes = this.bytes.slice(this.from)
            this.from = 0
        }
    }
    shift(): number | undefined {
        return this.from < this.bytes.length ? this.bytes[this.from++] : undefined
    }
}
