// From sealed bytes to the ledger and back: what is kept, what is acknowledged, what is neither.

import { describe, expect, it } from "vitest"
import { WAITING_UPLINKS_MAX } from "../../gateway/adapters/ledger/sqlite-ledger.js"
import { Refusals } from "../../gateway/core/refusals.js"
import type { Gateway } from "../../gateway/main.js"
import { MESSAGE_BYTES_MAX, MessageType } from "../../protocol/envelope.js"
import { unixMs } from "../../protocol/units.js"
import { handleOf } from "../support/break-database.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { aFix, HostTracker, SealedSession } from "../support/host-tracker.js"
import { testGateway } from "../support/test-gateway.js"

const OTHER_DEVICE = "ffeeddccbbaa9988"

async function aTracker(): Promise<{ gateway: Gateway; tracker: HostTracker }> {
    const gateway = await testGateway(aCase())
    return { gateway, tracker: await HostTracker.connect(gateway) }
}
function messagesOf(gateway: Gateway): Buffer[] {
    return gateway.ledger.after(0, 1000).map(({ message }) => message)
}
async function refusedBy(gateway: Gateway): Promise<number> {
    const health = (await (await fetch(`${gateway.url}/health`)).json()) as { refused: number }
    return health.refused
}

describe("a sealed record", () => {
    it("is stored as received and acknowledged by its number, under the down key", async () => {
        const { gateway, tracker } = await aTracker()
        const { session } = tracker
        const sealed = [session.hello(), session.fixes(aFix()), session.fixes(aFix())]
        const acks = []
        for (const message of sealed) acks.push(await tracker.send(message))

        expect(messagesOf(gateway)).toEqual(sealed)
        expect(acks.map(({ seq, earlier }) => [seq, earlier])).toEqual([
            [0, 0b0],
            [1, 0b1],
            [2, 0b11],
        ])
        const strange = new SealedSession(session.keys)
        expect(strange.readAck(tracker.downlinks[0]!)).toBeUndefined()
    })

    it("sent twice is stored once and acknowledged twice, never under one nonce", async () => {
        const { gateway, tracker } = await aTracker()
        const hello = tracker.session.hello()
        const first = await tracker.send(hello)
        const second = await tracker.send(hello)
        expect(second.seq).toBe(first.seq)
        expect(messagesOf(gateway)).toEqual([hello])
        const [one, two] = tracker.downlinks
        expect(one!.equals(two!)).toBe(false)
    })

    it("of which others are missing names only those that are held", async () => {
        const { tracker } = await aTracker()
        const { session } = tracker
        const sealed = [session.hello()]
        for (let seq = 1; seq <= 40; seq++) sealed.push(session.fixes(aFix()))
        for (const seq of [0, 7, 8, 39]) await tracker.send(sealed[seq]!)
        const ack = await tracker.send(sealed[40]!)
        // Bit i stands for record 39 - i; record 7 is the last that 32 bits reach, 0 is past them.
        expect(ack).toMatchObject({ seq: 40, earlier: 1 + 2 ** (39 - 8) })
    })

    it("without salt is taken once the hello of its session is held", async () => {
        const { gateway, tracker } = await aTracker()
        const { session } = tracker
        await tracker.send(session.hello())
        const short = session.seal(MessageType.telemetry, session.batch([aFix()]), false)
        expect(await tracker.send(short)).toMatchObject({ seq: 1 })
        expect(messagesOf(gateway)).toHaveLength(2)
    })

    it("cannot be changed, replaced or removed, by whatever opens the file", async () => {
        const { gateway, tracker } = await aTracker()
        const hello = tracker.session.hello()
        await tracker.send(hello)
        const ledger = handleOf(gateway.ledger)
        const refused = "the ledger is append-only"
        expect(() => ledger.exec("UPDATE uplink SET message = x'00'")).toThrow(refused)
        expect(() => ledger.exec("DELETE FROM uplink")).toThrow(refused)
        const columns = "device_id, epoch, session, seq, type, digest, received_at_ms, remote"
        ledger.exec(
            `REPLACE INTO uplink (message, ${columns}) SELECT x'00', ${columns} FROM uplink`,
        )
        ledger.exec(
            `REPLACE INTO uplink (message, id, ${columns})
                SELECT x'00', id, ${columns.replace("seq", "seq + 9")} FROM uplink`,
        )
        expect(messagesOf(gateway)).toEqual([hello])
    })

    it("that means nothing is kept and acknowledged, and said to be rejected", async () => {
        const { gateway, tracker } = await aTracker()
        await tracker.send(tracker.session.seal(MessageType.telemetry, Buffer.from("no CBOR")))
        await gateway.settled()
        expect(gateway.store.counts()).toMatchObject({ fixes: 0, rejected: 1 })
    })
})

describe("not stored, not acknowledged and counted is a message", () => {
    const hostile: [string, (tracker: HostTracker) => Buffer][] = [
        [
            "of the same number with other bytes",
            ({ session }) => {
                session.nextSeq--
                return session.hello({ uptimeMs: 4711 })
            },
        ],
        ["with a flipped bit in its head", ({ session }) => flipped(session.fixes(aFix()), 0, 1)],
        ["with a flipped bit in its salt", ({ session }) => flipped(session.fixes(aFix()), 3, 4)],
        ["with another number", ({ session }) => flipped(session.fixes(aFix()), 9, 16)],
        [
            "with a flipped bit in its body",
            ({ session }) => flipped(session.fixes(aFix()), 12, 128),
        ],
        ["with a flipped bit in its tag", ({ session }) => flipped(session.fixes(aFix()), -1, 1)],
        ["that was cut", ({ session }) => session.fixes(aFix()).subarray(0, -1)],
        ["with a byte more", ({ session }) => Buffer.concat([session.hello(), Buffer.of(0)])],
        [
            "sealed under the down key",
            ({ session }) => {
                const keys = { ...session.keys, up: session.keys.down }
                return new SealedSession(keys, session.salt).hello()
            },
        ],
        [
            "of a type that only the gateway sends",
            ({ session }) => session.seal(MessageType.ack, Buffer.of(0xa0)),
        ],
        ["of no bytes", () => Buffer.alloc(0)],
        ["of random bytes", () => Buffer.alloc(200, 0x5a)],
    ]
    it.each(hostile)("%s", async (_name, forge) => {
        const { gateway, tracker } = await aTracker()
        await tracker.send(tracker.session.hello())
        await tracker.sendInVain(forge(tracker))
        expect(messagesOf(gateway)).toHaveLength(2)
        expect(await refusedBy(gateway)).toBe(1)
    })

    it("of another device, under this one's handle", async () => {
        const { gateway, tracker } = await aTracker()
        gateway.provision(OTHER_DEVICE)
        await tracker.sendInVain(new SealedSession(gateway.keysOf(OTHER_DEVICE)!).hello())
        expect(gateway.ledger.after(0, 9).map(({ deviceId }) => deviceId)).toEqual([DEVICE_ID])
    })

    it("without salt, before any hello", async () => {
        const { gateway, tracker } = await aTracker()
        const { session } = tracker
        await tracker.sendInVain(session.seal(MessageType.hello, Buffer.of(0xa0), false))
        expect(await refusedBy(gateway)).toBe(1)
    })
})

it("an uplink of the largest size passes, and one more byte closes the connection", async () => {
    const { gateway, tracker } = await aTracker()
    // 18 bytes around the body: head, salt, one of the number, tag.
    const body = Buffer.alloc(MESSAGE_BYTES_MAX - 18, 1)
    await tracker.send(tracker.session.seal(MessageType.telemetry, body))
    const tooLarge = Buffer.alloc(MESSAGE_BYTES_MAX + 1, 1)
    await expect(tracker.publish(tooLarge)).rejects.toThrow("without PUBACK")
    expect(messagesOf(gateway)).toHaveLength(1)
})

it("a device that keeps sending what is refused does not fill the log", () => {
    const told: string[] = []
    const refusals = new Refusals((_level, message) => told.push(message))
    for (let second = 0; second < 120; second++)
        refusals.note(DEVICE_ID, "bad-tag", unixMs(second * 1000))
    refusals.note(DEVICE_ID, "nonce-reuse", unixMs(0))
    expect(refusals.total).toBe(121)
    expect(told).toEqual([
        `device ${DEVICE_ID}: message refused, bad-tag`,
        `device ${DEVICE_ID}: message refused, bad-tag (59 more since)`,
        `device ${DEVICE_ID}: message refused, nonce-reuse`,
    ])
})

it("a ledger that is written to faster than it commits refuses, and takes again later", async () => {
    const { gateway } = await aTracker()
    const uplink = (seq: number) => ({
        ...{ deviceId: DEVICE_ID, epoch: 0, session: "aa", seq, type: 0 },
        ...{ message: Buffer.of(1), receivedAtMs: unixMs(0), remote: "test" },
        ...{ helloCounter: null, isRelayed: false },
    })
    const all = Array.from({ length: WAITING_UPLINKS_MAX + 2 }, (_, seq) =>
        gateway.ledger.append(uplink(seq)),
    )
    const outcomes = await Promise.allSettled(all)
    const refused = outcomes.filter(({ status }) => status === "rejected")
    expect(refused).toHaveLength(2)
    expect(gateway.ledger.count()).toBe(WAITING_UPLINKS_MAX)
    await expect(gateway.ledger.append(uplink(9999))).resolves.toMatchObject({ kind: "stored" })
})

function flipped(message: Buffer, index: number, bits: number): Buffer {
    const at = index < 0 ? message.length + index : index
    message[at] = message[at]! ^ bits
    return message
}
