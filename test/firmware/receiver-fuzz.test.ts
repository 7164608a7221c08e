// Damaged UBX and NMEA through the tracker's readers. What may be believed is decided here by a second
// hand that shares no code with them: it finds the frames and sentences whose checksum fits, those that
// fit by luck among them, and no solution may come of anything else.

import { describe, expect, it } from "vitest"
import { NmeaReader } from "../../firmware/logic/nmea.js"
import { fixOfEpoch } from "../../firmware/logic/nmea-epoch.js"
import { AnswerScanner } from "../../firmware/logic/receiver-answers.js"
import { UbxScanner } from "../../firmware/logic/ubx.js"
import { makePrng } from "../../simulator/world/prng.js"
import { Draw, mutated, ReceiverRun, secondOfBytes } from "../device/runs/receiver-run.js"
import { captures, nmeaCaptures } from "../support/captures.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"

const INPUTS = cases(20_000, 200_000)
/** Of a capture, from somewhere in its middle. */
const PIECE_BYTES = 700
/** Of test/device/receiver-fuzz.ts. */
const DEVICE_SEEDS = 4
const DEVICE_SECONDS = 60

/** A whole sentence by its own rule: printable, no dollar sign or star inside, two digits behind. */
const SENTENCE = /\$([\x20-\x23\x25-\x29\x2b-\x7e]*)\*([0-9A-Fa-f]{2})/g
const SENTENCE_BYTES_MAX = 120

describe(`${INPUTS} damaged inputs`, () => {
    it("crash nothing, and give no fix but of frames and sentences whose checksum fits", () => {
        const recorded = [...captures(), ...nmeaCaptures()].map(({ bytes }) => bytes)
        const prng = makePrng("damaged receivers")
        const tally = { fixes: 0, solutions: 0, damaged: 0, lucky: 0 }
        for (let i = 0; i < INPUTS; i++) {
            const draw = new Draw(i + 1)
            const isRecorded = i % 2 === 0
            const whole = isRecorded
                ? pieceOf(recorded[Math.floor(prng.next() * recorded.length)]!, prng.next())
                : Buffer.concat([0, 1, 2].map((second) => secondOfBytes(draw, second)))
            const bytes = mutated(draw, whole, 1 + draw.below(8))
            check(whole, bytes, 1 + draw.below(200), tally)
        }
        console.log(
            `${INPUTS} damaged inputs: ${tally.damaged} checksums refused, ` +
                `${tally.lucky} damaged sentences whose checksum fits by luck, ` +
                `${tally.solutions} NAV-PVT and ${tally.fixes} NMEA fixes, all of good checksums`,
        )
        expect(tally.solutions).toBeGreaterThan(INPUTS / 10)
        expect(tally.fixes).toBeGreaterThan(INPUTS / 10)
        expect(tally.damaged).toBeGreaterThan(INPUTS / 10)
    }, 120_000)

    it("are read on the tracker's machine as on Node", async () => {
        const { said, complaints } = await runOnDevice("receiver-fuzz", 60)
        expect(complaints).toEqual([])
        const lines: string[] = []
        for (let seed = 1; seed <= DEVICE_SEEDS; seed++) {
            const run = new ReceiverRun(seed)
            for (let i = 0; i < DEVICE_SECONDS; i++) {
                run.begin()
                for (let line = run.next(); line !== undefined; line = run.next()) lines.push(line)
            }
        }
        expect(said.map(({ text }) => text)).toEqual([...lines, "."])
        expect(lines.filter((line) => line.includes('"fix"')).length).toBeGreaterThan(50)
    })
})

function check(
    whole: Buffer,
    bytes: Buffer,
    readBytes: number,
    tally: { fixes: number; solutions: number; damaged: number; lucky: number },
): void {
    const scanner = new UbxScanner()
    const reader = new NmeaReader()
    const answers = new AnswerScanner()
    for (let at = 0; at < bytes.length; at += readBytes) {
        const chunk = bytes.subarray(at, at + readBytes)
        scanner.push(chunk)
        reader.push(chunk)
        answers.push(chunk)
    }
    reader.finish()

    const good = goodSentences(bytes)
    const before = new Set(goodSentences(whole).map(({ text }) => text))
    tally.lucky += good.filter(({ text }) => !before.has(text)).length
    tally.damaged += scanner.damaged + reader.scanner.damaged

    for (const { kind, offset, payload } of scanner.frames) {
        expect(isGoodFrame(bytes, offset)).toBe(true)
        expect(payload.equals(bytes.subarray(offset + 6, offset + 6 + payload.length))).toBe(true)
        if (kind === "pvt") tally.solutions++
    }
    expect(answers.answers.length).toBeLessThanOrEqual(goodFrames(bytes))

    // The same epochs come of the good sentences alone, and nothing of the rest.
    const alone = new NmeaReader()
    alone.push(Buffer.from(good.map(({ text }) => `${text}\r\n`).join(""), "latin1"))
    alone.finish()
    const withoutPlace = (fixes: NmeaReader) =>
        fixes.epochs.map((epoch) => ({ ...epoch, offset: 0 }))
    expect(withoutPlace(reader)).toEqual(withoutPlace(alone))
    const offsets = new Set(good.map(({ offset }) => offset))
    for (const epoch of reader.epochs) {
        expect(offsets.has(epoch.offset)).toBe(true)
        if (fixOfEpoch(epoch, 0) !== undefined) tally.fixes++
    }
}

function goodSentences(bytes: Buffer): { offset: number; text: string }[] {
    return [...bytes.toString("latin1").matchAll(SENTENCE)]
        .filter(([text, body, digits]) => {
            let sum = 0
            for (const byte of Buffer.from(body!, "latin1")) sum ^= byte
            return text.length <= SENTENCE_BYTES_MAX && sum === Number.parseInt(digits!, 16)
        })
        .map((match) => ({ offset: match.index, text: match[0] }))
}

function isGoodFrame(bytes: Buffer, offset: number): boolean {
    if (bytes.length < offset + 8 || bytes.readUInt16BE(offset) !== 0xb562) return false
    const end = offset + 6 + bytes.readUInt16LE(offset + 4)
    if (bytes.length < end + 2) return false
    let [low, high] = [0, 0]
    for (const byte of bytes.subarray(offset + 2, end)) {
        low = (low + byte) % 256
        high = (high + low) % 256
    }
    return bytes[end] === low && bytes[end + 1] === high
}
function goodFrames(bytes: Buffer): number {
    let count = 0
    for (let at = 0; at < bytes.length; at++) if (isGoodFrame(bytes, at)) count++
    return count
}

function pieceOf(bytes: Buffer, where: number): Buffer {
    const from = Math.floor(where * Math.max(0, bytes.length - PIECE_BYTES))
    return Buffer.from(bytes.subarray(from, from + PIECE_BYTES))
}
