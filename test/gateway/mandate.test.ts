// No position is opened before a mandate or after it, decided fix by fix.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import type { CaseFile } from "../../gateway/core/domain/case-file.js"
import { coverOf, type FixInTime } from "../../gateway/core/domain/mandate.js"
import { authenticate, decodeBody } from "../../gateway/core/ingest/open-uplink.js"
import type { Fix } from "../../protocol/fix.js"
import { metres, unixMs } from "../../protocol/units.js"
import { HOME, offset, START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID, MANDATE_ID, TARGET_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { ManualClock } from "../support/manual-clock.js"
import { tempFolder } from "../support/temp-folder.js"
import { testGateway } from "../support/test-gateway.js"
import { signIn } from "../support/viewer.js"

const HOUR_MS = 3600_000
const FROM_MS = START_MS
const TO_MS = START_MS + HOUR_MS

function aCaseFile(parts: Parameters<typeof aCase>[0] = {}): CaseFile {
    return aCase({ fromMs: FROM_MS, toMs: TO_MS, ...parts }) as CaseFile
}
/** A fix of that time, received at once unless said otherwise. */
function fixAt(atMs: number, parts: Partial<FixInTime> = {}): FixInTime {
    return {
        deviceId: DEVICE_ID,
        atMs: unixMs(atMs),
        receivedAtMs: unixMs(atMs),
        ...HOME,
        ...parts,
    }
}

describe("a fix is covered", () => {
    it.each([
        ["a millisecond before the mandate begins", FROM_MS - 1, false],
        ["at the instant it begins", FROM_MS, true],
        ["in its last millisecond", TO_MS - 1, true],
        ["at the instant it has ended", TO_MS, false],
    ])("%s: %s ms is %s", (_when, atMs, isCovered) => {
        expect(coverOf(aCaseFile(), fixAt(atMs)) !== undefined).toBe(isCovered)
    })

    it("under the mandate, target and operation of its assignment", () => {
        const cover = coverOf(aCaseFile(), fixAt(FROM_MS))
        expect(cover?.mandate.id).toBe(MANDATE_ID)
        expect(cover?.targetId).toBe(TARGET_ID)
        expect(cover?.isLate).toBe(false)
    })

    it("and marked late when it arrives after the mandate has ended", () => {
        const isLate = (receivedAtMs: number) =>
            coverOf(aCaseFile(), fixAt(TO_MS - 1, { receivedAtMs: unixMs(receivedAtMs) }))?.isLate
        expect(isLate(TO_MS - 1)).toBe(false)
        expect(isLate(TO_MS)).toBe(true)
        expect(isLate(TO_MS + 90 * 24 * HOUR_MS)).toBe(true)
    })

    it("not when it claims a time inside but was received before the mandate began", () => {
        const receivedAtMs = unixMs(FROM_MS - 1)
        expect(coverOf(aCaseFile(), fixAt(FROM_MS + 1, { receivedAtMs }))).toBeUndefined()
    })

    it("not for a device that nobody assigned", () => {
        expect(
            coverOf(aCaseFile(), fixAt(FROM_MS, { deviceId: "ffffffffffffffff" })),
        ).toBeUndefined()
        expect(coverOf({ ...aCaseFile(), assignments: [] }, fixAt(FROM_MS))).toBeUndefined()
    })

    it("until the assignment ends, though the mandate goes on", () => {
        const caseFile = aCaseFile({ assignedToMs: FROM_MS + 1000 })
        expect(coverOf(caseFile, fixAt(FROM_MS + 999))).toBeDefined()
        expect(coverOf(caseFile, fixAt(FROM_MS + 1000))).toBeUndefined()
    })

    it("not before the assignment begins, nor when it was received before that", () => {
        const caseFile = aCaseFile()
        const [assignment] = caseFile.assignments
        const late = { ...assignment!, fromMs: unixMs(FROM_MS + 5000) }
        const assignedLater = { ...caseFile, assignments: [late] }
        expect(coverOf(assignedLater, fixAt(FROM_MS + 4999))).toBeUndefined()
        expect(coverOf(assignedLater, fixAt(FROM_MS + 5000))).toBeDefined()
        const receivedAtMs = unixMs(FROM_MS + 4999)
        expect(coverOf(assignedLater, fixAt(FROM_MS + 6000, { receivedAtMs }))).toBeUndefined()
    })

    it("not by a mandate for another target", () => {
        const caseFile = aCaseFile()
        const mandates = caseFile.mandates.map((one) => ({ ...one, targetId: "somebody-else" }))
        expect(coverOf({ ...caseFile, mandates }, fixAt(FROM_MS))).toBeUndefined()
    })

    it("inside the area that the mandate is limited to, its line included, and nowhere else", () => {
        const area = { type: "circle" as const, center: HOME, radiusM: metres(100) }
        const caseFile = aCaseFile({ area })
        expect(coverOf(caseFile, fixAt(FROM_MS, offset(99, 0)))).toBeDefined()
        expect(coverOf(caseFile, fixAt(FROM_MS, offset(101, 0)))).toBeUndefined()
    })

    it("never outside both spans, whatever they are", () => {
        const instant = fc.integer({ min: -5, max: 15 })
        fc.assert(
            fc.property(fc.array(instant, { minLength: 6, maxLength: 6 }), (drawn) => {
                const [from, to, begun, ended, at, received] = drawn.map((n) =>
                    unixMs(START_MS + n),
                ) as [never, never, never, never, never, never]
                const caseFile = aCaseFile({ fromMs: from, toMs: to, assignedToMs: ended })
                const assignments = caseFile.assignments.map((a) => ({ ...a, fromMs: begun }))
                const cover = coverOf(
                    { ...caseFile, assignments },
                    {
                        ...fixAt(at),
                        receivedAtMs: received,
                    },
                )
                const isInside = at >= from && at < to && at >= begun && at < ended
                const isReceived = received >= from && received >= begun
                expect(cover !== undefined).toBe(isInside && isReceived)
            }),
            { numRuns: cases(500, 50_000) },
        )
    })
})

describe("a gateway under a mandate of one hour", () => {
    /** Far from each other, so that no byte pattern of one is found in the other. */
    const INSIDE = { latUdeg: 47_141_593, lonUdeg: 9_526_535 }
    const OUTSIDE = { latUdeg: 48_271_828, lonUdeg: 10_459_045 }

    async function aGatewayAt(nowMs: number) {
        const data = tempFolder()
        const clock = new ManualClock(nowMs)
        const told: string[] = []
        const log = (_level: string, message: string) => void told.push(message)
        const additions = aCase({ fromMs: FROM_MS, toMs: TO_MS })
        const gateway = await testGateway(additions, data, log, { clock })
        const tracker = await HostTracker.connect(gateway)
        await tracker.send(tracker.session.hello())
        return { gateway, tracker, clock, data, told }
    }
    const atMs = (ms: number, place: Partial<Fix> = {}) => aFix({ timeDs: ms / 100, ...place })

    it("decides a batch across the end fix by fix, and keeps times and count of the rest", async () => {
        const { gateway, tracker } = await aGatewayAt(TO_MS + 500)
        const times = [-300, -200, -100, 0, 100].map((ms) => TO_MS + ms)
        await tracker.send(tracker.session.fixes(...times.map((ms) => atMs(ms))))
        await gateway.settled()

        const stored = gateway.store.fixes(DEVICE_ID)
        expect(stored.map(({ timeDs, isLate }) => [timeDs * 100, isLate])).toEqual(
            times.slice(0, 3).map((ms) => [ms, 1]),
        )
        expect(gateway.store.counts()).toMatchObject({ fixes: 3, withheld: 2, rejected: 0 })
    })

    it("decides a batch across the beginning fix by fix", async () => {
        const { gateway, tracker } = await aGatewayAt(FROM_MS + 1000)
        const times = [-200, -100, 0, 100].map((ms) => FROM_MS + ms)
        await tracker.send(tracker.session.fixes(...times.map((ms) => atMs(ms))))
        await gateway.settled()
        const stored = gateway.store.fixes(DEVICE_ID).map(({ timeDs }) => timeDs * 100)
        expect(stored).toEqual(times.slice(2))
    })

    it("stops opening at the end second on a session that stays connected", async () => {
        const { gateway, tracker, clock } = await aGatewayAt(TO_MS - 2000)
        await tracker.send(tracker.session.fixes(atMs(TO_MS - 2000)))
        clock.ms = TO_MS
        await tracker.send(tracker.session.fixes(atMs(TO_MS)))
        await gateway.settled()
        expect(gateway.store.counts()).toMatchObject({ fixes: 1, withheld: 1 })
    })

    it("writes a position inside in the clear, and one outside nowhere at all", async () => {
        const { gateway, tracker, clock, data, told } = await aGatewayAt(TO_MS - 1000)
        await tracker.send(tracker.session.fixes(atMs(TO_MS - 1000, INSIDE)))
        clock.ms = TO_MS
        const sealed = tracker.session.fixes(atMs(TO_MS, OUTSIDE), atMs(TO_MS + 1000, OUTSIDE))
        const ack = await tracker.send(sealed)
        await gateway.settled()

        // The same search over the same files: it finds the one, so it would find the other.
        expect(tracesOf(INSIDE, data, told)).toEqual(
            expect.arrayContaining([
                expect.stringMatching(/^double latUdeg in derived\.sqlite/),
                expect.stringMatching(/^double lonUdeg in derived\.sqlite/),
                expect.stringMatching(/^text latUdeg in derived\.sqlite/),
                expect.stringMatching(/^text lonUdeg in derived\.sqlite/),
            ]),
        )
        expect(tracesOf(OUTSIDE, data, told)).toEqual([])

        expect(ack.seq).toBe(tracker.session.nextSeq - 1)
        const [kept] = gateway.ledger.after(2, 1)
        expect(kept?.message.equals(sealed)).toBe(true)
        const opened = authenticate(nodeAead, tracker.keys, kept!.message, undefined)
        const body = opened.kind === "reject" ? opened : decodeBody(opened.type, opened.body)
        expect(body).toMatchObject({ kind: "report", fixes: { fixes: [OUTSIDE, OUTSIDE] } })
    })

    it("shows a target under a new mandate nothing of what an earlier one brought", async () => {
        const { gateway, tracker, clock } = await aGatewayAt(FROM_MS)
        await tracker.send(tracker.session.fixes(atMs(FROM_MS, INSIDE)))
        await gateway.settled()
        const { mandates } = gateway.registry.caseFile()
        const again = {
            ...mandates[0]!,
            id: "mandate-2",
            reference: "4 Js 18/31",
            fromMs: unixMs(TO_MS + HOUR_MS),
            toMs: unixMs(TO_MS + 2 * HOUR_MS),
        }
        gateway.registry.add({ mandates: [again] })
        clock.ms = again.fromMs
        const cookie = await signIn(gateway, undefined, clock.ms)
        const url = `${gateway.url}/api/operations/op-harbour/targets`
        const { targets } = (await (await fetch(url, { headers: { cookie } })).json()) as never
        expect(targets).toMatchObject([{ last: null, mandate: { reference: "4 Js 18/31" } }])
    })
})

/** Where a position stands in any file of a directory or in the log, and in which form. */
function tracesOf(
    place: { latUdeg: number; lonUdeg: number },
    data: string,
    told: readonly string[],
): string[] {
    const files = readdirSync(data).map((name) => ({ name, bytes: readFileSync(join(data, name)) }))
    files.push({ name: "log", bytes: Buffer.from(told.join("\n")) })
    expect(files.map(({ name }) => name)).toContain("derived.sqlite-wal")
    return Object.entries(place).flatMap(([column, udeg]) =>
        formsOf(udeg).flatMap(({ form, bytes }) =>
            files
                .filter((file) => file.bytes.includes(bytes))
                .map((file) => `${form} ${column} in ${file.name}`),
        ),
    )
}

/** SQLite keeps integers and doubles big-endian; memories are JSON; degrees may be cut short. */
function formsOf(udeg: number): { form: string; bytes: Buffer }[] {
    const integer = Buffer.alloc(4)
    integer.writeInt32BE(udeg)
    const double = Buffer.alloc(8)
    double.writeDoubleBE(udeg / 1e6)
    const doubleOfQuanta = Buffer.alloc(8)
    doubleOfQuanta.writeDoubleBE(udeg)
    return [
        { form: "integer", bytes: integer },
        { form: "double", bytes: double },
        { form: "double", bytes: doubleOfQuanta },
        { form: "text", bytes: Buffer.from(String(udeg / 1e6).slice(0, 7)) },
        { form: "text", bytes: Buffer.from(String(udeg)) },
    ]
}
