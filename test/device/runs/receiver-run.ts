// Damaged receiver bytes through the tracker's own readers: a seeded drive told in UBX and in NMEA,
// mixed, a few solutions at a time, with some of its bytes changed, lost, doubled or inserted. What is
// made of it comes out as lines. Runs on Node and on the tracker's machine, which must read alike.

import { fixOf, readNavPvt } from "../../../firmware/logic/nav-pvt.js"
import { NmeaReader } from "../../../firmware/logic/nmea.js"
import { fixOfEpoch } from "../../../firmware/logic/nmea-epoch.js"
import { AnswerScanner } from "../../../firmware/logic/receiver-answers.js"
import { MON_RF, NAV_SAT } from "../../../firmware/logic/signal.js"
import { UbxScanner, ubxFrame } from "../../../firmware/logic/ubx.js"

/** Bytes of a read from the bus. */
const READ_BYTES = 128
/** 2031-01-01. */
const DAY_TEXT = "010131"

/** Numbers in [0, 1), alike on both machines: minimal standard, state times 16807 in 31 bits. */
export class Draw {
    private state: number

    constructor(seed: number) {
        this.state = seed * 7919 + 1
    }
    next(): number {
        const product = this.state * 16807
        this.state = product - Math.floor(product / 2147483647) * 2147483647
        return this.state / 2147483647
    }
    /** 0 up to below `end`. */
    below(end: number): number {
        return Math.floor(this.next() * end)
    }
}

/** What a receiver sends in a second: a solution in either protocol, levels, and noise. */
export function secondOfBytes(draw: Draw, second: number): Buffer {
    const latE7 = Math.floor((draw.next() - 0.5) * 1700000000)
    const lonE7 = Math.floor((draw.next() - 0.5) * 3500000000)
    const parts: Buffer[] = []
    const which = draw.below(4)
    if (which !== 1) parts.push(pvtFrame(second, latE7, lonE7))
    if (which !== 0) parts.push(Buffer.from(sentences(draw, second, latE7, lonE7)))
    if (which === 2) {
        const levels: number[] = [0, 0, 0, 0, 1, 6, 0, 0]
        for (let i = 0; i < 72; i++) levels.push(draw.below(50))
        parts.push(ubxFrame(NAV_SAT >> 8, NAV_SAT & 255, levels))
    }
    if (which === 3) parts.push(Buffer.from([0xb5, 0x62, 0x01, 0x07, 0x5c, 0x00, draw.below(256)]))
    return joined(parts)
}

/** The same bytes with `changes` of them damaged, each in one of five ways. */
export function mutated(draw: Draw, bytes: Buffer, changes: number): Buffer {
    let out = bytes
    for (let i = 0; i < changes && out.length > 1; i++) {
        const at = draw.below(out.length)
        const how = draw.below(5)
        const before = copyOf(out, 0, at)
        if (how === 0) {
            out = copyOf(out, 0, out.length)
            out[at] = out[at] ^ (1 << draw.below(8))
        } else if (how === 1) {
            out = copyOf(out, 0, out.length)
            out[at] = draw.below(256)
        } else if (how === 2) {
            const lost = Math.min(out.length - at, 1 + draw.below(4))
            out = joined([before, copyOf(out, at + lost, out.length)])
        } else if (how === 3) {
            const inserted = Buffer.from([draw.below(256), draw.below(256)])
            out = joined([before, inserted, copyOf(out, at, out.length)])
        } else {
            const doubled = Math.min(out.length - at, 1 + draw.below(40))
            out = joined([copyOf(out, 0, at + doubled), copyOf(out, at, out.length)])
        }
    }
    return out
}

/**
 * The readers over damaged seconds. `begin` makes the bytes of the next one, `next` gives the line of
 * the next read of them: the machine stops a program that does more without a pause.
 */
export class ReceiverRun {
    private draw: Draw
    private scanner = new UbxScanner()
    private reader = new NmeaReader()
    private answers = new AnswerScanner()
    private second = 0
    private bytes: Buffer = Buffer.alloc(0)
    private at = 0

    constructor(seed: number) {
        this.draw = new Draw(seed)
    }

    begin(): void {
        const whole = secondOfBytes(this.draw, this.second)
        this.second++
        this.bytes = mutated(this.draw, whole, this.draw.below(3))
        this.at = 0
    }

    /** Undefined when the second is read. */
    next(): string | undefined {
        if (this.at >= this.bytes.length) return undefined
        const end = Math.min(this.bytes.length, this.at + READ_BYTES)
        const chunk = copyOf(this.bytes, this.at, end)
        this.at = end
        this.scanner.push(chunk)
        this.reader.push(chunk)
        this.answers.push(chunk)
        return this.told()
    }

    private told(): string {
        let line = `${this.scanner.damaged}/${this.reader.scanner.damaged}`
        for (const frame of this.scanner.frames)
            if (frame.kind === "pvt")
                line += ` u${frame.offset} ${JSON.stringify(fixOf(readNavPvt(frame.payload)) || 0)}`
        for (const epoch of this.reader.epochs)
            line += ` n${epoch.offset} ${JSON.stringify(fixOfEpoch(epoch, 0) || 0)}`
        for (const answer of this.answers.answers) {
            const { heard, used } = answer.satellites
            line += ` a${answer.id === MON_RF ? "rf" : answer.id} ${heard} ${used}`
            line += ` ${answer.satellites.cn0(0)} ${answer.satellites.cn0(3)}`
        }
        this.scanner.frames = []
        this.reader.epochs = []
        this.answers.answers = []
        return line
    }
}

/** A three-dimensional solution that the receiver stands by. */
function pvtFrame(second: number, latE7: number, lonE7: number): Buffer {
    const p: number[] = []
    for (let i = 0; i < 92; i++) p.push(0)
    p[4] = 2031 & 255
    p[5] = 2031 >> 8
    p[6] = 1
    p[7] = 1
    p[8] = Math.floor(second / 3600) % 24
    p[9] = Math.floor(second / 60) % 60
    p[10] = second % 60
    p[11] = 7
    p[20] = 3
    p[21] = 1
    p[23] = 9
    put(p, 24, lonE7)
    put(p, 28, latE7)
    put(p, 36, 455000)
    put(p, 40, 2500)
    put(p, 60, 14000)
    put(p, 64, 9000000)
    return ubxFrame(0x01, 0x07, p)
}

function sentences(draw: Draw, second: number, latE7: number, lonE7: number): string {
    const time = `${two(Math.floor(second / 3600) % 24)}${two(Math.floor(second / 60) % 60)}`
    const at = `${time}${two(second % 60)}.00`
    const place = `${angle(latE7, 2)},${latE7 < 0 ? "S" : "N"},${angle(lonE7, 3)},${lonE7 < 0 ? "W" : "E"}`
    const isFix = draw.next() < 0.9
    const rmc = `GNRMC,${at},${isFix ? "A" : "V"},${place},27.2,90.5,${DAY_TEXT},,,A`
    const gga = `GNGGA,${at},${place},${isFix ? 1 : 0},09,1.20,455.1,M,48.0,M,,`
    const gsv = `GPGSV,1,1,03,02,25,260,40,04,15,092,27,05,,,${draw.below(50)}`
    let text = sealed(rmc) + sealed(gga) + sealed(`GNGSA,A,3,02,04,05,,,,,,,,,,1.5,1.2,0.9`)
    if (draw.next() < 0.3) text += sealed(`GNGST,${at},1.0,,,,1.500,2.000,3.0`)
    return text + sealed(gsv)
}

function sealed(text: string): string {
    let sum = 0
    for (let i = 0; i < text.length; i++) sum ^= text.charCodeAt(i)
    return `$${text}*${Buffer.from([sum]).toString("hex").toUpperCase()}\r\n`
}
/** Degrees and minutes with five decimals, `digits` of degrees. */
function angle(e7: number, digits: number): string {
    const size = Math.abs(e7)
    const degrees = Math.floor(size / 10000000)
    const units = Math.floor(((size - degrees * 10000000) * 6) / 10)
    const minutes = Math.floor(units / 100000)
    const rest = units - minutes * 100000
    const head = digits === 3 && degrees < 100 ? "0" : ""
    return `${head}${two(degrees)}${two(minutes)}.${five(rest)}`
}
function two(value: number): string {
    return value < 10 ? `0${value}` : `${value}`
}
function five(value: number): string {
    let text = `${value}`
    while (text.length < 5) text = `0${text}`
    return text
}
function put(bytes: number[], at: number, value: number): void {
    for (let i = 0; i < 4; i++) bytes[at + i] = (value >> (8 * i)) & 255
}
function joined(parts: Buffer[]): Buffer {
    let length = 0
    for (const part of parts) length += part.length
    const all = Buffer.alloc(length)
    let at = 0
    for (const part of parts) {
        all.set(part, at)
        at += part.length
    }
    return all
}
function copyOf(bytes: Buffer, from: number, to: number): Buffer {
    const copy = Buffer.alloc(to - from)
    if (to > from) copy.set(bytes.slice(from, to), 0)
    return copy
}
