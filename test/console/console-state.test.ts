import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    ALERTS_MAX,
    type ConsoleState,
    emptyState,
    reduce,
    resumePoint,
} from "../../console/live/console-state.js"
import { gatewayNow } from "../../console/live/gateway-clock.js"
import type { AlertView, GapView, LiveMessage, TargetView } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"
import { cases } from "../support/cases.js"
import { aTargetView, aTrackPoint } from "./fake-gateway.js"

const NOON = Date.UTC(2031, 4, 5, 12)

function target(id: string, latDeg = 47.14, toMs = NOON + 86_400_000): TargetView {
    return aTargetView({
        id,
        name: `Target ${id}`,
        last: aTrackPoint({ atMs: NOON, latDeg, lonDeg: 9.52 }),
        mandate: { reference: "RK-1", toMs: unixMs(toMs) },
    })
}

function alert(id: string, raisedAtMs = NOON, targetId = "a"): AlertView {
    return {
        id,
        kind: "enter",
        fenceId: "f",
        fenceName: "Yard",
        targetId,
        targetName: "Target a",
        atMs: unixMs(raisedAtMs - 2_000),
        raisedAtMs: unixMs(raisedAtMs),
        state: "raised",
    }
}

function gap(over: Partial<GapView> = {}): GapView {
    return {
        targetId: "a",
        deviceId: "d",
        fromMs: unixMs(NOON - 60_000),
        toMs: null,
        cause: "missing",
        missing: 3,
        ...over,
    }
}

function snapshot(
    over: Partial<Extract<LiveMessage, { kind: "snapshot" }>> = {},
): Extract<LiveMessage, { kind: "snapshot" }> {
    return {
        kind: "snapshot",
        run: "r1",
        seq: 7,
        atMs: unixMs(NOON),
        operation: { id: "o", name: "Brook" },
        targets: [target("a"), target("b")],
        fences: [],
        alerts: [],
        gaps: [],
        ...over,
    }
}

function hear(state: ConsoleState, ...messages: LiveMessage[]): ConsoleState {
    return messages.reduce(
        (held, message) => reduce(held, { kind: "heard", message, steadyMs: message.atMs - NOON }),
        state,
    )
}

const atMs = unixMs(NOON + 1_000)
const started = hear(emptyState, snapshot())

describe("the state of the console", () => {
    it("takes everything from a snapshot and resumes after its number", () => {
        expect([...started.targets.keys()]).toEqual(["a", "b"])
        expect(started.operation?.name).toBe("Brook")
        expect(resumePoint(started)).toBe("r1:7")
        expect(resumePoint(emptyState)).toBeNull()
    })

    it("replaces whole targets from a delta and leaves the others as they are", () => {
        const next = hear(started, {
            kind: "delta",
            seq: 8,
            atMs,
            targets: [target("b", 47.2), target("c")],
        })
        expect([...next.targets.keys()]).toEqual(["a", "b", "c"])
        expect(next.targets.get("b")?.last?.latDeg).toBe(47.2)
        expect(next.targets.get("a")).toBe(started.targets.get("a"))
        expect(resumePoint(next)).toBe("r1:8")
    })

    it("puts the newest alert first and follows an alert through its life", () => {
        const next = hear(
            started,
            { kind: "event", seq: 8, atMs, alert: alert("x", NOON + 1) },
            { kind: "event", seq: 9, atMs, alert: alert("y", NOON + 9) },
            { kind: "event", seq: 10, atMs, alert: { ...alert("x", NOON + 1), state: "cleared" } },
        )
        expect(next.alerts.map(({ id, state }) => [id, state])).toEqual([
            ["y", "raised"],
            ["x", "cleared"],
        ])
    })

    it("keeps no more alerts than its limit, and lets go of the oldest", () => {
        let state = started
        for (let count = 1; count <= ALERTS_MAX + 5; count++) {
            const event = alert(`n${count}`, NOON + count)
            state = hear(state, { kind: "event", seq: 7 + count, atMs, alert: event })
        }
        expect(state.alerts).toHaveLength(ALERTS_MAX)
        expect(state.alerts.at(-1)?.id).toBe("n6")
    })

    it("closes a gap that was open rather than listing it twice", () => {
        const next = hear(
            started,
            { kind: "gap", seq: 8, atMs, gap: gap() },
            { kind: "gap", seq: 9, atMs, gap: gap({ toMs: unixMs(NOON), missing: 2 }) },
        )
        expect(next.gaps).toEqual([gap({ toMs: unixMs(NOON), missing: 2 })])
    })

    it("forgets position, gaps and alerts of a withdrawn target and says why it went", () => {
        const next = hear(
            started,
            { kind: "event", seq: 8, atMs, alert: alert("x") },
            { kind: "gap", seq: 9, atMs, gap: gap() },
            { kind: "withdrawn", seq: 10, atMs, targetId: "a", reason: "mandate ended" },
        )
        expect([...next.targets.keys()]).toEqual(["b"])
        expect(next.alerts).toEqual([])
        expect(next.gaps).toEqual([])
        expect(next.farewells).toEqual([
            { targetId: "a", name: "Target a", reason: "mandate ended", atMs },
        ])
        const read = reduce(next, { kind: "farewell-read", targetId: "a" })
        expect(read.farewells).toEqual([])
    })

    it("ends a mandate by the gateway's clock when the gateway can no longer say so", () => {
        const state = hear(emptyState, snapshot({ targets: [target("a", 47.14, NOON + 5_000)] }))
        expect(reduce(state, { kind: "tick", steadyMs: 4_999 })).toBe(state)
        const ended = reduce(state, { kind: "tick", steadyMs: 5_000 })
        expect(ended.targets.size).toBe(0)
        expect(ended.farewells[0]?.reason).toBe("mandate RK-1 ended")
    })

    it("shows no target whose mandate had ended when the message was sent", () => {
        const late = target("late", 47.14, NOON)
        expect(hear(emptyState, snapshot({ targets: [late] })).targets.size).toBe(0)
        const next = hear(started, { kind: "delta", seq: 8, atMs, targets: [late] })
        expect(next.targets.has("late")).toBe(false)
    })

    it("stands still and asks for a snapshot when a number was passed over", () => {
        const broken = hear(started, { kind: "delta", seq: 9, atMs, targets: [target("c")] })
        expect(broken.isBroken).toBe(true)
        expect(broken.targets).toBe(started.targets)
        expect(resumePoint(broken)).toBeNull()
        const still = hear(broken, { kind: "delta", seq: 10, atMs, targets: [target("c")] })
        expect(still.targets).toBe(started.targets)
        const whole = hear(still, snapshot({ seq: 10 }))
        expect(whole.isBroken).toBe(false)
        expect(resumePoint(whole)).toBe("r1:10")
    })

    it("sees from a heartbeat that the last message before a silence was lost", () => {
        expect(hear(started, { kind: "heartbeat", seq: 7, atMs }).isBroken).toBe(false)
        expect(hear(started, { kind: "heartbeat", seq: 8, atMs }).isBroken).toBe(true)
    })

    it("goes on after a resume of the same run, and not after one of another", () => {
        const resumed = hear(started, { kind: "resume", run: "r1", seq: 9, atMs })
        expect(resumed.isBroken).toBe(false)
        const next = hear(resumed, { kind: "delta", seq: 8, atMs, targets: [target("c")] })
        expect(next.targets.has("c")).toBe(true)
        expect(hear(started, { kind: "resume", run: "r2", seq: 7, atMs }).isBroken).toBe(true)
    })

    it("refuses changes before any snapshot", () => {
        const state = hear(emptyState, { kind: "delta", seq: 1, atMs, targets: [target("a")] })
        expect(state.targets.size).toBe(0)
        expect(state.isBroken).toBe(true)
    })

    it("never reads a position younger because a message was held up on its way", () => {
        const held = reduce(started, {
            kind: "heard",
            message: { kind: "heartbeat", seq: 7, atMs: unixMs(NOON + 5_000) },
            steadyMs: 60_000,
        })
        expect(gatewayNow(held.clock, 60_000)).toBe(NOON + 60_000)
    })

    it("takes the word of another run on what time it is", () => {
        const next = reduce(started, {
            kind: "heard",
            message: snapshot({ run: "r2", atMs: unixMs(NOON - 3_600_000) }),
            steadyMs: 10_000,
        })
        expect(gatewayNow(next.clock, 10_000)).toBe(NOON - 3_600_000)
    })

    it("ends where an unbroken feed ends, whatever was told twice on the way", () => {
        const change = fc.record({
            id: fc.constantFrom("a", "b", "c"),
            latDeg: fc.double({ min: -80, max: 80, noNaN: true }),
            repeats: fc.integer({ min: 0, max: 2 }),
        })
        fc.assert(
            fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
                const once: LiveMessage[] = []
                const repeated: LiveMessage[] = []
                changes.forEach(({ id, latDeg, repeats }, index) => {
                    const message: LiveMessage = {
                        kind: "delta",
                        seq: 8 + index,
                        atMs,
                        targets: [target(id, latDeg)],
                    }
                    once.push(message)
                    for (let count = 0; count <= repeats; count++) repeated.push(message)
                })
                expect(hear(started, ...repeated)).toEqual(hear(started, ...once))
            }),
            { numRuns: cases(100, 5_000) },
        )
    })
})
