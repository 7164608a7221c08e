// Every missing number is a gap with a cause, and none stays once its record has come.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    type Continuity,
    follow,
    type Gap,
    MISSING_RANGES_MAX,
} from "../../gateway/core/ingest/continuity.js"
import type { Uplink } from "../../gateway/core/ingest/uplink.js"
import { MessageType } from "../../protocol/envelope.js"
import type { FixBatch } from "../../protocol/fix.js"
import type { Hello } from "../../protocol/hello.js"
import { unixMs } from "../../protocol/units.js"
import { START_MS } from "../support/builders.js"
import { DEVICE_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { aFix, aHello } from "../support/host-tracker.js"

/** A device as the store sees it: the gaps that stand after each record. */
class Follower {
    memory: Continuity | null = null
    readonly gaps = new Map<string, Gap>()

    hello(seq = 0, session = "aa", counter = 0): this {
        return this.take(seq, session, aHello({ session: counter }))
    }
    /** Record `seq` holds two fixes, at 10 and 11 seconds into its own minute. */
    fixes(seq: number, { session = "aa", thinned = 0 } = {}): this {
        const fixes = [10, 11].map((second) => aFix({ timeDs: minute(seq, second) / 100 }))
        return this.take(seq, session, { kind: "fixes", firstFix: 0, fixes, thinned })
    }
    take(seq: number, session: string, body: FixBatch | Hello | undefined): this {
        const uplink: Uplink = {
            ...{ id: 1, deviceId: DEVICE_ID, epoch: 0, session, seq },
            ...{ type: MessageType.telemetry, message: Buffer.alloc(0) },
            receivedAtMs: unixMs(minute(seq, 30)),
        }
        const step = follow(this.memory, uplink, body)
        this.memory = JSON.parse(JSON.stringify(step.memory))
        for (const gap of step.gaps) this.gaps.set(gap.id, gap)
        for (const id of step.filled) expect(this.gaps.delete(id)).toBe(true)
        return this
    }
    /** [cause, records missing, from, to] of each gap; times in seconds after the start. */
    get found(): [string, number | null, number, number | null][] {
        const seconds = (ms: number) => (ms - START_MS) / 1000
        return [...this.gaps.values()]
            .sort((a, b) => a.fromMs - b.fromMs)
            .map(({ cause, missing, fromMs, toMs }) => [
                cause,
                missing,
                seconds(fromMs),
                toMs === null ? null : seconds(toMs),
            ])
    }
}
function minute(seq: number, second: number): number {
    return START_MS + seq * 60_000 + second * 1000
}

describe("numbers that were passed over", () => {
    it("leave no gap while none are", () => {
        expect(new Follower().hello().fixes(1).fixes(2).fixes(3).found).toEqual([])
    })

    it("are a gap from the last fix before to the first one after", () => {
        expect(new Follower().hello().fixes(1).fixes(5).found).toEqual([["missing", 3, 71, 310]])
    })

    it("split the gap when one in the middle comes late, around the time it brought", () => {
        const follower = new Follower().hello().fixes(1).fixes(5).fixes(3)
        expect(follower.found).toEqual([
            ["missing", 1, 71, 190],
            ["missing", 1, 191, 310],
        ])
        expect(follower.fixes(4).found).toEqual([["missing", 1, 71, 190]])
        expect(follower.fixes(2).found).toEqual([])
    })

    it("stay a gap when a record comes a second time", () => {
        const follower = new Follower().hello().fixes(1).fixes(5).fixes(5).fixes(1)
        expect(follower.found).toEqual([["missing", 3, 71, 310]])
    })

    it("are filled by a record that nothing could be made of", () => {
        expect(new Follower().hello().fixes(2).take(1, "aa", undefined).found).toEqual([])
    })

    it("are thinned while the tracker's own count explains them all, and missing beyond", () => {
        const follower = new Follower().hello().fixes(1).fixes(4, { thinned: 2 })
        expect(follower.found).toEqual([["thinned", 2, 71, 250]])
        follower.fixes(6, { thinned: 2 })
        expect(follower.found.map(([cause]) => cause)).toEqual(["missing", "missing"])
        follower.fixes(5, { thinned: 2 })
        expect(follower.found.map(([cause]) => cause)).toEqual(["thinned"])
    })

    it("before the hello of their session count from its beginning", () => {
        const follower = new Follower().fixes(2)
        expect(follower.found.map(([cause, missing]) => [cause, missing])).toEqual([["missing", 2]])
        expect(follower.fixes(1).hello().found).toEqual([])
    })

    it("are settled when a device leaves more holes than anybody keeps, and stay gaps", () => {
        const holes = MISSING_RANGES_MAX + 10
        const follower = new Follower().hello()
        for (let i = 1; i <= holes; i++) follower.fixes(2 * i)
        expect(follower.gaps.size).toBe(holes)
        expect(follower.memory?.missing).toHaveLength(MISSING_RANGES_MAX)
        expect(follower.memory?.settled).toBe(10)
        expect(follower.fixes(3).gaps.size).toBe(holes)
        expect(follower.fixes(2 * holes - 1).gaps.size).toBe(holes - 1)
        // All of them were thinned, the settled ones too: that is what it takes to say so.
        expect(follower.fixes(2 * holes + 1, { thinned: holes - 2 }).found.at(-1)?.[0]).toBe(
            "missing",
        )
        expect(follower.fixes(2 * holes + 2, { thinned: holes - 1 }).found.at(-1)?.[0]).toBe(
            "thinned",
        )
    })
})

describe("a restart", () => {
    it("is an open gap from the last fix, until the first one of the new session", () => {
        const follower = new Follower().hello().fixes(1).hello(0, "bb")
        expect(follower.found).toEqual([["restart", null, 71, null]])
        expect(follower.fixes(5, { session: "bb" }).found[0]).toEqual(["restart", null, 71, 310])
    })

    it("again and again with no fix between is one gap", () => {
        const follower = new Follower().hello().fixes(1)
        for (const session of ["bb", "cc", "dd"]) follower.hello(0, session)
        expect(follower.found).toEqual([["restart", null, 71, null]])
        follower.fixes(1, { session: "dd" })
        expect(follower.found).toEqual([["restart", null, 71, 70]])
    })

    it("begins no later than its receipt, whatever a wrong clock has claimed", () => {
        const ahead = aFix({ timeDs: minute(600, 0) / 100 })
        const body: FixBatch = { kind: "fixes", firstFix: 0, fixes: [ahead], thinned: 0 }
        const follower = new Follower().hello(0).take(1, "aa", body).hello(0, "bb")
        const [[, , fromS]] = follower.found as [[string, null, number, null]]
        expect(fromS).toBe(90)
    })

    it("is no gap for a device that was never heard of", () => {
        expect(new Follower().hello().found).toEqual([])
    })

    it("leaves what was missing before it a gap, and a straggler changes nothing", () => {
        const follower = new Follower().hello().fixes(1).fixes(3).hello(0, "bb")
        const before = follower.found
        expect(before.map(([cause]) => cause)).toEqual(["missing", "restart"])
        expect(follower.fixes(2).found).toEqual(before)
        expect(follower.memory?.session).toBe("bb")
        follower.hello(0, "cc")
        const again = follower.found
        for (const session of ["aa", "bb"]) follower.hello(0, session).fixes(2, { session })
        expect(follower.found).toEqual(again)
        expect(follower.memory?.session).toBe("cc")
    })
})

it("no gap is left once all records of a session have come, in whatever order, some twice", () => {
    const order = fc
        .integer({ min: 1, max: 40 })
        .chain((count) => {
            const seqs = Array.from({ length: count }, (_, seq) => seq)
            const again = fc.array(fc.nat(count - 1), { maxLength: 10 })
            return fc.tuple(fc.constant(seqs), again)
        })
        .chain(([seqs, again]) =>
            fc.shuffledSubarray([...seqs, ...again], {
                minLength: seqs.length + again.length,
            }),
        )
    fc.assert(
        fc.property(order, (seqs) => {
            const follower = new Follower()
            const come = new Set<number>()
            for (const seq of seqs) {
                if (seq === 0) follower.hello()
                else follower.fixes(seq)
                come.add(seq)
                // What is missing is what is missing: no more, no less, at every step.
                const highest = Math.max(...come)
                const missing = follower.found.reduce((sum, [, count]) => sum + (count ?? 0), 0)
                expect(missing).toBe(highest + 1 - come.size)
            }
            expect(follower.found).toEqual([])
        }),
        { numRuns: cases(300, 5_000) },
    )
})

describe("a board with FRAM", () => {
    it("tells of a reset by another hello in its session: what was in RAM is a gap", () => {
        const device = new Follower().hello(0, "aa", 1).fixes(1).hello(2, "aa", 1)
        expect(device.found).toEqual([["restart", null, 71, null]])
        device.fixes(3)
        expect(device.found).toEqual([["restart", null, 71, 190]])
        // The same hello again, or the one before it, is no reset.
        device.hello(2, "aa", 1).hello(0, "aa", 1).fixes(4)
        expect(device.found).toEqual([["restart", null, 71, 190]])
    })

    it("whose hello of an earlier session comes late is not thrown back into it", () => {
        const device = new Follower().hello(0, "aa", 1).fixes(1).hello(0, "dd", 4)
        device.hello(0, "bb", 2).fixes(1, { session: "bb" }).hello(0, "cc", 3)
        expect(device.memory).toMatchObject({ session: "dd", pastSessions: ["cc", "bb", "aa"] })
        device.fixes(2, { session: "dd" })
        expect(device.found.map(([cause, missing]) => [cause, missing])).toEqual([
            ["restart", null],
            ["missing", 1],
        ])
    })
})
