// What no tracker sealed, or sealed for another place and time, never becomes a record [P-E50].

import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { SqliteLedger } from "../../gateway/adapters/ledger/sqlite-ledger.js"
import { SqliteVault } from "../../gateway/adapters/vault/sqlite-vault.js"
import { type Admitted, takeIn } from "../../gateway/core/intake.js"
import { encodeAck } from "../../protocol/ack.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { encodeHello } from "../../protocol/hello.js"
import { type EpochKeys, epochKeys } from "../../protocol/keys.js"
import { encodeRelay } from "../../protocol/relay.js"
import { unixMs } from "../../protocol/units.js"
import { cases } from "../support/cases.js"
import { aHello } from "../support/host-tracker.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { makeTempFolder } from "../support/temp-folder.js"

const DEVICE = "00112233445566aa"
const OTHER = "ffeeddccbbaa9988"
const EPOCH = 5
const SOAK_WAIT_MS = 1_800_000
const NOW_MS = unixMs(1.9e12)
const clock = { nowMs: () => NOW_MS }

/** A gateway's intake that holds three sessions of a device, the third of them current. */
class Intake {
    readonly random = seededBytes(31)
    readonly ledger: SqliteLedger
    readonly vault: SqliteVault
    readonly device: Admitted
    readonly salts = [this.random(8), this.random(8), this.random(8)]

    constructor(folder: string) {
        this.ledger = new SqliteLedger(`${folder}/ledger.sqlite`)
        this.vault = new SqliteVault(`${folder}/vault.sqlite`, `${folder}/vault.key`)
        for (const id of [DEVICE, OTHER]) this.vault.enrol(id)
        this.device = { deviceId: DEVICE, keys: this.keysOf(EPOCH) }
    }
    keysOf(epoch: number, deviceId = DEVICE): EpochKeys {
        return this.vault.keysOf(deviceId, epoch)!
    }
    /** session: 1 to 3. */
    seal(type: number, body: Buffer, parts: Partial<Sealing> = {}): Buffer {
        const { session = 3, epoch = EPOCH, seq = 1, carrySalt = false, key } = parts
        const salt = parts.salt ?? this.salts[session - 1]!
        const options = { type, salt, carrySalt, seq }
        return sealMessage(nodeAead, key ?? this.keysOf(epoch).up, options, body)
    }
    hello(session: number, epoch = EPOCH): Buffer {
        const body = encodeHello(aHello({ session }))
        return this.seal(MessageType.hello, body, { session, epoch, seq: 0, carrySalt: true })
    }
    close(): void {
        this.ledger.close()
        this.vault.close()
    }
    async take(message: Buffer): Promise<string> {
        const arrival = { device: this.device, message, receivedAtMs: NOW_MS, remote: "test" }
        const result = await takeIn(this.ledger, this.vault, nodeAead, clock, arrival)
        return result.kind === "reject" ? result.reason : result.isNew ? "new" : "known"
    }
}

interface Sealing {
    session: number
    epoch: number
    seq: number
    carrySalt: boolean
    salt: Buffer
    key: Buffer
}

let intake: Intake
/** Held already: what is replayed. */
const held: Buffer[] = []
/** Authentic and not sent yet: what is altered. One of each shape. */
let fresh: Buffer[] = []

const folder = makeTempFolder()
afterAll(() => {
    intake.close()
    folder.remove()
})
beforeAll(async () => {
    intake = new Intake(folder.path)
    const text = (one: string) => Buffer.from(one)
    held.push(
        encodeRelay(2, 1, intake.hello(1, EPOCH - 2)),
        encodeRelay(1, 2, intake.hello(2, EPOCH - 1)),
        intake.hello(3),
        intake.seal(0, text("held")),
        encodeRelay(2, 1, intake.seal(0, text("held"), { session: 1, epoch: EPOCH - 2 })),
    )
    for (const message of held) expect(await intake.take(message)).toBe("new")
    fresh = [
        intake.seal(0, text("plain"), { seq: 7 }),
        intake.seal(0, text("two bytes of seq"), { seq: 700 }),
        intake.seal(0, text("salted"), { seq: 8, carrySalt: true }),
        encodeRelay(1, 2, intake.seal(0, text("relayed"), { session: 2, epoch: EPOCH - 1 })),
        encodeRelay(
            2,
            1,
            intake.seal(0, text("with salt"), {
                ...{ session: 1, epoch: EPOCH - 2, seq: 9, carrySalt: true },
            }),
        ),
        encodeRelay(1, 9, helloOf(9, EPOCH - 1)),
        helloOf(10, EPOCH),
    ]
})

/** The hello of a session that the gateway has not heard of. */
function helloOf(session: number, epoch: number): Buffer {
    const salt = intake.random(8)
    const body = encodeHello(aHello({ session }))
    return intake.seal(MessageType.hello, body, { salt, epoch, seq: 0, carrySalt: true })
}

describe("a message of which a bit is another, or a byte is missing", () => {
    it("is refused, whichever bit or byte it is, in a record and in a relay", async () => {
        const before = intake.ledger.count()
        const accepted: string[] = []
        let tried = 0
        for (const message of fresh) {
            for (let bit = 0; bit < message.length * 8; bit++) {
                const altered = Buffer.from(message)
                altered[bit >> 3]! ^= 1 << (bit & 7)
                if ((await intake.take(altered)) === "new") accepted.push(altered.toString("hex"))
                tried++
            }
            for (let length = 0; length < message.length; length++) {
                for (const cut of [message.subarray(0, length), message.subarray(length + 1)])
                    if ((await intake.take(cut)) === "new") accepted.push(cut.toString("hex"))
                tried += 2
            }
            const longer = Buffer.concat([message, Buffer.of(0)])
            if ((await intake.take(longer)) === "new") accepted.push("longer")
        }
        expect(accepted).toEqual([])
        expect(tried).toBeGreaterThan(1000)
        expect(intake.ledger.count()).toBe(before)
    })
})

describe("forgeries", () => {
    it(
        "are never accepted: altered, spliced, replayed, of another device, epoch or direction",
        async () => {
            const before = intake.ledger.count()
            const { random } = intake
            const below = (bound: number) => random(2).readUInt16BE(0) % bound
            const pick = <Item>(items: readonly Item[]) => items[below(items.length)]!
            const body = () => random(1 + below(40))
            const seq = () => 1000 + below(60_000)
            const kinds: Record<string, () => Buffer> = {
                altered: () => {
                    const message = Buffer.from(pick(fresh))
                    for (let i = below(4); i >= 0; i--)
                        message[below(message.length)]! ^= 1 + below(255)
                    return fresh.some((one) => one.equals(message)) ? Buffer.alloc(0) : message
                },
                spliced: () => {
                    const [first, second] = [pick(fresh), pick([...fresh, ...held])]
                    const at = below(first.length)
                    const from = below(second.length)
                    const message = Buffer.concat([first.subarray(0, at), second.subarray(from)])
                    return [...fresh, ...held].some((one) => one.equals(message))
                        ? Buffer.alloc(0)
                        : message
                },
                replayed: () => pick(held),
                "of another device": () =>
                    intake.seal(0, body(), { seq: seq(), key: intake.keysOf(EPOCH, OTHER).up }),
                "of another epoch": () => {
                    const epoch = pick([EPOCH - 1, EPOCH + 1, EPOCH - 2, EPOCH + 2])
                    return intake.seal(0, body(), { seq: seq(), epoch })
                },
                "of another direction": () =>
                    intake.seal(MessageType.ack, ackBody(seq()), {
                        ...{ seq: seq(), key: intake.device.keys.down },
                    }),
                "sealed by the down key as telemetry": () =>
                    intake.seal(0, body(), { seq: seq(), key: intake.device.keys.down }),
                "a type that goes down, under the up key": () =>
                    intake.seal(pick([MessageType.ack, MessageType.command]), body(), {
                        seq: seq(),
                    }),
                "of a session that nobody opened": () =>
                    intake.seal(0, body(), { seq: seq(), salt: random(8) }),
                "in a relay that names another epoch": () =>
                    encodeRelay(
                        pick([0, 1, 3, 4]),
                        1,
                        intake.seal(0, body(), { seq: seq(), session: 1, epoch: EPOCH - 2 }),
                    ),
                "in a relay that names another session": () =>
                    encodeRelay(
                        2,
                        pick([0, 2, 3, 4, 1000]),
                        intake.seal(0, body(), {
                            ...{ seq: seq(), session: 1, epoch: EPOCH - 2 },
                            carrySalt: below(2) === 1,
                        }),
                    ),
                "in a relay before epoch 0": () =>
                    encodeRelay(EPOCH + 1 + below(9000), 1, intake.seal(0, body(), { seq: seq() })),
                "made up": () => {
                    const message = random(20 + below(60))
                    message[0] = pick([0x40, 0x41, 0x44, 0x45, 0x48, 0x4c, 0x58])
                    return message
                },
            }
            const names = Object.keys(kinds)
            const accepted: string[] = []
            const count = cases(50_000, 2_000_000)
            for (let i = 0; i < count; i += names.length) {
                const outcomes = await Promise.all(names.map((name) => intake.take(kinds[name]!())))
                outcomes.forEach((outcome, n) => {
                    if (outcome === "new") accepted.push(names[n]!)
                })
            }
            expect(accepted).toEqual([])
            expect(intake.ledger.count()).toBe(before)
            // And the real ones are accepted still, once each.
            for (const message of fresh) {
                expect(await intake.take(message)).toBe("new")
                expect(await intake.take(message)).toBe("known")
            }
        },
        SOAK_WAIT_MS,
    )
})

describe("the vault", () => {
    it("walks to any epoch, in any order, and comes to the keys that the tracker has", () => {
        const { vault } = intake
        const inOrder = Array.from({ length: 80 }, (_, epoch) => intake.keysOf(epoch).handle)
        for (const epoch of [79, 3, 50, 0, 78]) {
            expect(intake.keysOf(epoch).handle).toBe(inOrder[epoch])
            expect(vault.handlesOf(DEVICE, epoch, epoch)).toEqual([
                { epoch, handle: inOrder[epoch] },
            ])
        }
        const chain = vault.firstChainKey(DEVICE)!
        const id = Buffer.from(DEVICE, "hex")
        expect(epochKeys(nodeHkdf, chain, id, 0)).toEqual(intake.keysOf(0))
        for (const epoch of [-1, 0.5, 36_526, Number.NaN])
            expect(vault.keysOf(DEVICE, epoch)).toBeUndefined()
        expect(vault.keysOf("0000000000000000", 0)).toBeUndefined()
    })
})

function ackBody(seq: number): Buffer {
    return encodeAck({ kind: "ack", epoch: EPOCH, session: 3, seq, earlier: 0 })
}
