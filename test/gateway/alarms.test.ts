import { describe, expect, it } from "vitest"
import { Alarms, BAD_TAGS_MAX, OVERLAPS_MAX } from "../../gateway/core/alarms.js"
import type { Alarm } from "../../gateway/core/ports.js"
import type { Gateway } from "../../gateway/main.js"
import { MessageType } from "../../protocol/envelope.js"
import { unixMs } from "../../protocol/units.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { aFix, HostTracker, SealedSession } from "../support/host-tracker.js"
import { testGateway } from "../support/test-gateway.js"

interface Totals {
    alarmsNonceReuse: number
    alarmsCloneSuspected: number
    alarmsBadTag: number
}
async function totalsOf(gateway: Gateway): Promise<Totals> {
    return (await (await fetch(`${gateway.url}/health`)).json()) as Totals
}
async function aTracker(): Promise<{ gateway: Gateway; tracker: HostTracker }> {
    const gateway = await testGateway(aCase())
    return { gateway, tracker: await HostTracker.connect(gateway) }
}

describe("nonce-reuse", () => {
    it("is raised every time that other bytes come under a number that is held", async () => {
        const { gateway, tracker } = await aTracker()
        const { session } = tracker
        await tracker.send(session.hello())
        for (let i = 0; i < 25; i++) {
            await tracker.send(session.fixes(aFix()))
            const other = session.batch([aFix({ altM: 1 + i })])
            // The tracker's machine would never do this.
            await tracker.publish(
                session.seal(MessageType.telemetry, other, true, session.nextSeq - 1),
            )
            expect((await totalsOf(gateway)).alarmsNonceReuse).toBe(i + 1)
        }
        // The first that came stands.
        expect(gateway.ledger.count()).toBe(26)
        expect(gateway.ledger.alarms(9)).toMatchObject([
            { kind: "nonce-reuse", deviceId: DEVICE_ID, count: 1 },
        ])
    })
})

describe("clone-suspected", () => {
    it("is raised when two sessions of one device speak in turn", async () => {
        const { gateway, tracker } = await aTracker()
        const first = tracker.session
        await tracker.send(first.hello())
        await tracker.send(first.fixes(aFix()))
        const second = new SealedSession(tracker.keys)
        tracker.session = second
        await tracker.send(second.hello())
        await tracker.send(second.fixes(aFix()))
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBe(0)

        tracker.session = first
        await tracker.send(first.fixes(aFix()))
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBe(1)
        const bare = first.seal(MessageType.telemetry, first.batch([aFix()]), false)
        await tracker.send(bare)
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBe(2)
        // What is sent twice is no news.
        await tracker.send(bare)
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBe(2)
        expect(gateway.ledger.alarms(9)).toMatchObject([{ kind: "clone-suspected", count: 1 }])
    })

    it("is raised when connections take over from each other, not when one is made anew", async () => {
        const { gateway } = await aTracker()
        for (let i = 0; i < OVERLAPS_MAX - 1; i++) await HostTracker.connect(gateway)
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBe(0)
        await HostTracker.connect(gateway)
        await HostTracker.connect(gateway)
        expect((await totalsOf(gateway)).alarmsCloneSuspected).toBeGreaterThan(0)
    })
})

describe("bad-tag", () => {
    it("is raised by more refused seals within a minute than a poor network explains", async () => {
        const { gateway, tracker } = await aTracker()
        const { session } = tracker
        await tracker.send(session.hello())
        for (let i = 0; i < BAD_TAGS_MAX; i++) await tracker.publish(damaged(session))
        expect((await totalsOf(gateway)).alarmsBadTag).toBe(0)
        await tracker.publish(damaged(session))
        expect((await totalsOf(gateway)).alarmsBadTag).toBe(1)
    })

    function damaged(session: SealedSession): Buffer {
        const message = session.fixes(aFix())
        message[message.length - 1]! ^= 1
        return message
    }
})

describe("an alarm", () => {
    it("is kept as a row at once, then once a minute with what fell between", () => {
        const rows: Alarm[] = []
        const log: string[] = []
        const alarms = new Alarms({ recordAlarm: (alarm) => rows.push(alarm) }, (_, text) =>
            log.push(text),
        )
        for (let second = 0; second < 130; second++)
            alarms.raise("nonce-reuse", DEVICE_ID, "twice", unixMs(second * 1000))
        alarms.raise("nonce-reuse", "another", "twice", unixMs(130_000))
        expect(rows.map(({ atMs, count }) => [atMs, count])).toEqual([
            [0, 1],
            [60_000, 60],
            [120_000, 60],
            [130_000, 1],
        ])
        expect(alarms.totals["nonce-reuse"]).toBe(131)
        expect(log).toHaveLength(4)
    })

    it("still counts and is logged when the ledger cannot keep it", () => {
        const log: string[] = []
        const ledger = {
            recordAlarm: () => {
                throw new Error("disk full")
            },
        }
        const alarms = new Alarms(ledger, (_, text) => log.push(text))
        alarms.raise("bad-tag", DEVICE_ID, "many", unixMs(0))
        expect(alarms.totals["bad-tag"]).toBe(1)
        expect(log.at(-1)).toContain("disk full")
    })
})
