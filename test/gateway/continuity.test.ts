// Every missing number is a gap with a cause, and none stays once its record has come.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    type Continuity,
    follow,
    MISSING_RANGES_MAX,
    RUNS_MAX,
    SESSIONS_MAX,
} from "../../gateway/core/ingest/continuity.js"
import type { Gap } from "../../gateway/core/ingest/gap.js"
import type { Report } from "../../gateway/core/ingest/open-uplink.js"
import type { Uplink } from "../../gateway/core/ingest/uplink.js"
import { MessageType } from "../../protocol/envelope.js"
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
        return this.take(
            seq,
            session,
            aReport({ fixes: { kind: "fixes", firstFix: 0, fixes, thinned } }),
        )
    }
    /** A record whose body nobody can read. */
    unread(seq: number, session = "aa"): this {
        return this.take(seq, session, undefined)
    }
    take(seq: number, session: string, body: Report | Hello | undefined): this {
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
function aReport(parts: Partial<Report>): Report {
    const none = { fixes: undefined, readings: undefined, scan: undefined }
    return {
        ...{ kind: "report", ...none, event: undefined, status: undefined },
        ...{ fault: undefined, ...parts },
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

    it("are filled by a record without fixes", () => {
        expect(new Follower().hello().fixes(2).take(1, "aa", aReport({})).found).toEqual([])
    })

    it("before a record without fixes are a gap that the next fixes close", () => {
        const follower = new Follower().hello().fixes(1).take(4, "aa", aReport({}))
        expect(follower.found).toEqual([["missing", 2, 71, null]])
        expect(follower.fixes(5).found).toEqual([["missing", 2, 71, 310]])
    })

    it("are explained by a status as well as by a batch", () => {
        const status = { kind: "status" as const, thinned: 2 }
        const instant = { timeDs: minute(5, 0) / 100, uptimeDs: undefined }
        const follower = new Follower().hello().fixes(1).fixes(4)
        expect(follower.found.map(([cause]) => cause)).toEqual(["missing"])
        follower.take(5, "aa", aReport({ status: { ...status, instant } }))
        expect(follower.found).toEqual([["thinned", 2, 71, 250]])
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
        expect(follower.memory?.sessions[0]?.ranges).toHaveLength(MISSING_RANGES_MAX)
        expect(follower.memory?.sessions[0]?.settled).toBe(10)
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
        // The clock of these tests starts over with each session.
        expect(follower.found).toEqual([["restart", null, 70, 70]])
    })

    it("begins no later than its receipt, whatever a wrong clock has claimed", () => {
        const ahead = aFix({ timeDs: minute(600, 0) / 100 })
        const fixes = { kind: "fixes" as const, firstFix: 0, fixes: [ahead], thinned: 0 }
        const body = aReport({ fixes })
        const follower = new Follower().hello(0).take(1, "aa", body).hello(0, "bb")
        const [[, , fromS]] = follower.found as [[string, null, number, null]]
        expect(fromS).toBe(90)
    })

    it("is no gap for a device that was never heard of", () => {
        expect(new Follower().hello().found).toEqual([])
    })

    it("leaves what was missing before it a gap, which a straggler fills", () => {
        const follower = new Follower().hello().fixes(1).fixes(3).hello(0, "bb")
        expect(follower.found.map(([cause]) => cause)).toEqual(["missing", "restart"])
        expect(follower.fixes(2).found).toEqual([["restart", null, 191, null]])
    })

    it("begins later when fixes of the session before it come late", () => {
        const follower = new Follower().hello().fixes(1).hello(0, "bb")
        follower.fixes(9, { session: "bb" })
        const restart = (fromS: number) => ["restart", null, fromS, 550]
        expect(follower.found).toEqual([restart(71), ["missing", 8, 71, 550]])
        follower.fixes(2).fixes(3)
        expect(follower.found.find(([cause]) => cause === "restart")).toEqual(restart(191))
    })

    it("of sessions past those that are followed stays as it is, and what comes of them is nothing", () => {
        const follower = new Follower()
        const name = (i: number) => String(i).padStart(4, "0")
        const sessions = SESSIONS_MAX + 5
        for (let i = 0; i < sessions; i++)
            follower.hello(20 * i, name(i)).fixes(20 * i + 1, { session: name(i) })
        expect(follower.memory?.sessions).toHaveLength(SESSIONS_MAX)
        expect(follower.gaps.size).toBe(sessions - 1)
        const before = follower.found
        expect(follower.fixes(3, { session: name(0) }).found).toEqual(before)
    })

    it("again and again in one session is remembered up to a limit, and every one a gap", () => {
        const follower = new Follower()
        const resets = RUNS_MAX + 10
        for (let i = 0; i < resets; i++) follower.hello(2 * i, "aa", 1).fixes(2 * i + 1)
        const { sessions } = follower.memory!
        expect(sessions.map(({ runs }) => runs.length)).toEqual([RUNS_MAX - 1])
        expect(follower.gaps.size).toBe(resets - 1)
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
        const order = device.memory?.sessions.map(({ session }) => session)
        expect(order).toEqual(["aa", "bb", "cc", "dd"])
        device.fixes(2, { session: "dd" })
        // From the first session to the second, and from the second to the fourth: in the third
        // there was no fix.
        expect(device.found.map(([cause, missing]) => [cause, missing])).toEqual([
            ["restart", null],
            ["restart", null],
            ["missing", 1],
        ])
    })

    it("that counts its sessions from 1 again has lost its memory: that is a restart", () => {
        const device = new Follower().hello(0, "aa", 1).fixes(1).hello(0, "bb", 2)
        device.fixes(2, { session: "bb" }).hello(0, "cc", 1)
        const order = device.memory?.sessions.map(({ session }) => session)
        expect(order).toEqual(["aa", "bb", "cc"])
        expect(device.found.at(-1)).toEqual(["restart", null, 131, null])
    })

    it("is told of what it let go of by session", () => {
        const device = new Follower().hello(0, "aa", 1).fixes(3, { thinned: 2 })
        device.hello(0, "bb", 2).fixes(4, { session: "bb" })
        expect(device.found.map(([cause]) => cause).sort()).toEqual([
            "missing",
            "restart",
            "thinned",
        ])
    })
})

describe("a record that cannot be read", () => {
    it("is a gap of one between the fixes around it", () => {
        const follower = new Follower().hello().fixes(1).unread(2)
        expect(follower.found).toEqual([["unreadable", 1, 71, null]])
        expect(follower.fixes(3).found).toEqual([["unreadable", 1, 71, 190]])
    })

    it("is none of those that are missing, and explained by no full queue", () => {
        const follower = new Follower().hello().fixes(1).unread(3).fixes(5, { thinned: 2 })
        expect(follower.found.map(([cause, missing]) => [cause, missing]).sort()).toEqual([
            ["thinned", 1],
            ["thinned", 1],
            ["unreadable", 1],
        ])
    })

    it("stays one however late its neighbours come, ever more narrowly", () => {
        const follower = new Follower().hello().fixes(1).fixes(9).unread(5)
        follower.fixes(3).fixes(7)
        const gap = () => follower.found.find(([cause]) => cause === "unreadable")
        expect(gap()).toEqual(["unreadable", 1, 191, 430])
        for (const seq of [2, 4, 6, 8]) follower.fixes(seq)
        expect(follower.found).toEqual([["unreadable", 1, 251, 370]])
    })

    it("in part is one too: what could be read of it is not a reason to hide the rest", () => {
        const follower = new Follower().hello().fixes(1)
        follower.take(2, "aa", aReport({ fault: "unknown-base" }))
        expect(follower.found).toEqual([["unreadable", 1, 71, null]])
    })
})
