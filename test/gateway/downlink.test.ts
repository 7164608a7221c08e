// The way back, end to end but for the network: queue and ledger on disk, a tracker's own session and
// orders on the other side.

import { join } from "node:path"
import fc from "fast-check"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { packFence } from "../../firmware/logic/fence-list.js"
import { OrdersDesk } from "../../firmware/logic/orders-desk.js"
import { NvmOrdersStore } from "../../firmware/logic/orders-store.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { SqliteDownlink } from "../../gateway/adapters/downlink/sqlite-downlink.js"
import { SqliteLedger } from "../../gateway/adapters/ledger/sqlite-ledger.js"
import { SqliteVault } from "../../gateway/adapters/vault/sqlite-vault.js"
import type { CaseFile, Mandate } from "../../gateway/core/domain/case-file.js"
import { TELL_AGAIN_MS } from "../../gateway/core/downlink/delivery.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { Downlink, REFUSED_MANDATE_WAIT_MS } from "../../gateway/core/downlink/downlink.js"
import { mandateName } from "../../gateway/core/downlink/mandate-name.js"
import { type MandateOrder, mandateOrderDue } from "../../gateway/core/downlink/mandate-orders.js"
import type { QueuedCommand } from "../../gateway/core/downlink/ports.js"
import { RememberedQueue } from "../../gateway/core/downlink/remembered-queue.js"
import {
    COMMAND_LIFE_MAX_MS,
    type CommandRequest,
    checkApproval,
    OPEN_COMMANDS_MAX,
    requestedCommand,
} from "../../gateway/core/downlink/request-command.js"
import { takeIn } from "../../gateway/core/intake.js"
import { CommandKind } from "../../protocol/command.js"
import { MessageType } from "../../protocol/envelope.js"
import { fenceArgs } from "../../protocol/fence-order.js"
import { wipeArgs } from "../../protocol/order.js"
import { Answer } from "../../protocol/response.js"
import { unixMs } from "../../protocol/units.js"
import { aCircle } from "../support/builders.js"
import { aCase, DEVICE_ID, MANDATE_ID, OUTSIDER, TARGET_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { ChipNvm, FramBoard, sha256 } from "../support/fram-board.js"
import { ManualClock } from "../support/manual-clock.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { tempFolder } from "../support/temp-folder.js"

const START_MS = Date.UTC(2031, 0, 1)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const nothing = () => {}
const END_S = Math.floor(Date.UTC(2100, 0, 1) / 1000)

/** A gateway's core with its files, and one tracker that is there while `isOnline`. */
class Rig {
    readonly clock = new ManualClock(START_MS)
    readonly folder = tempFolder()
    readonly vault = new SqliteVault(join(this.folder, "vault"), join(this.folder, "key"))
    readonly ledger = new SqliteLedger(join(this.folder, "ledger"))
    readonly said: string[] = []
    caseFile: CaseFile = aCase() as CaseFile
    queue = new SqliteDownlink(join(this.folder, "downlink"))
    downlink = this.startDownlink()
    board: FramBoard
    desk: OrdersDesk
    isOnline = true
    /** Messages on their way to the tracker. */
    sent: Buffer[] = []
    /** False: what is sent gets lost. */
    isHeard = true

    constructor() {
        this.vault.enrol(DEVICE_ID)
        this.board = new FramBoard({
            deviceId: Buffer.from(DEVICE_ID, "hex"),
            chain: this.vault.firstChainKey(DEVICE_ID)!,
            random: seededBytes(3),
        })
        this.desk = this.boot()
        onTestFinished(() => {
            for (const file of [this.vault, this.ledger, this.queue]) file.close()
        })
    }

    boot(): OrdersDesk {
        const { board } = this
        board.boot()
        board.session.noteTime(this.nowS())
        this.desk = new OrdersDesk({
            session: board.session,
            memory: board.memory,
            store: new NvmOrdersStore(new ChipNvm(board.chip, 32768), sha256),
            deviceId: board.options.deviceId,
            canWipe: true,
        })
        return this.desk
    }
    /** The gateway starts anew over the same files. */
    restart(): void {
        this.queue.close()
        this.queue = new SqliteDownlink(join(this.folder, "downlink"))
        this.downlink = this.startDownlink()
    }
    nowS(): number {
        return Math.floor(this.clock.ms / 1000)
    }
    wait(ms: number): void {
        this.clock.ms += ms
        this.board.session.noteTime(this.nowS())
    }

    /** Until nothing is left to say on either side. */
    async talk(): Promise<void> {
        for (let turn = 0; turn < 40; turn++) {
            const records = this.isOnline ? this.board.outbox.first(4) : []
            for (const record of records) await this.upload(this.board.outbox.messageOf(record)!)
            while (this.downlink.follow());
            const heard = this.sent
            this.sent = []
            for (const message of this.isHeard ? heard : []) this.hear(message)
            if (records.length === 0 && heard.length === 0) return
        }
        throw new Error("they talk for ever")
    }
    async beat(): Promise<void> {
        this.board.session.post(MessageType.telemetry, Buffer.from("a0", "hex"))
        await this.talk()
    }
    ask(order: number, args: number[] = [], lifeMs = HOUR_MS): QueuedCommand {
        const expiresAtMs = unixMs(this.clock.ms + lifeMs)
        const request = { deviceId: DEVICE_ID, order, args, requestedBy: "operator", expiresAtMs }
        return this.downlink.ask(request, nothing)
    }
    request(order: number, args: number[] = [], lifeMs = HOUR_MS): QueuedCommand {
        return this.downlink.approve(this.ask(order, args, lifeMs).id, "team-lead", nothing)
    }
    /** Newest first. */
    recent(): QueuedCommand[] {
        return this.queue.under(DEVICE_ID, [MANDATE_ID], 9)
    }
    command(id: number): QueuedCommand {
        return this.queue.command(id)!
    }

    private startDownlink(): Downlink {
        return new Downlink({
            queue: this.queue,
            ledger: this.ledger,
            vault: this.vault,
            aead: nodeAead,
            clock: this.clock,
            caseFile: () => this.caseFile,
            connected: (deviceId) =>
                this.isOnline ? { deviceId, keys: this.board.keys.keys } : undefined,
            send: (_, message) => this.sent.push(message),
            log: (_, message) => this.said.push(message),
        })
    }
    async upload(message: Buffer): Promise<void> {
        const device = { deviceId: DEVICE_ID, keys: this.board.keys.keys }
        const receivedAtMs = this.clock.nowMs()
        const arrival = { device, message, receivedAtMs, remote: "here" }
        const held = await takeIn(this.ledger, this.vault, nodeAead, this.clock, arrival)
        if (held.kind === "reject") throw new Error(held.reason)
        this.downlink.heard(DEVICE_ID)
        const ack = held.ack && this.board.session.readAck(held.ack)
        if (!ack) throw new Error("no ack")
        this.board.outbox.release(ack)
        this.board.session.noteHeld(ack)
    }
    private hear(message: Buffer): void {
        this.desk.receive(message, this.nowS(), 100)
    }
}

let rig: Rig
beforeEach(() => {
    rig = new Rig()
})

describe("a command that two people have agreed on", () => {
    it("reaches the tracker, is obeyed, and its answer is known with what is in force", async () => {
        await rig.beat()
        const { id } = rig.request(CommandKind.hold, [60])
        await rig.talk()
        expect(rig.desk.orders.overrides.holdS).toBe(60)
        expect(rig.command(id)).toMatchObject({
            state: "answered",
            requestedBy: "operator",
            approvedBy: "team-lead",
            answer: { answer: Answer.accepted, inForce: [60], decidedAtMs: START_MS },
        })
    })

    it("waits for a tracker that sleeps, and goes out with its first record", async () => {
        rig.isOnline = false
        const { id } = rig.request(CommandKind.heartbeat, [900])
        await rig.talk()
        expect(rig.command(id)).toMatchObject({ state: "pending", told: null })
        rig.wait(HOUR_MS / 2)
        rig.isOnline = true
        await rig.beat()
        expect(rig.command(id)).toMatchObject({ state: "answered", answer: { inForce: [900] } })
    })

    it("is told again, under another counter, until it is answered", async () => {
        await rig.beat()
        rig.isHeard = false
        const { id } = rig.request(CommandKind.hold, [60])
        await rig.talk()
        const first = rig.command(id)
        expect(first).toMatchObject({ state: "sent" })
        await rig.beat()
        expect(rig.command(id).told).toEqual(first.told)
        rig.wait(TELL_AGAIN_MS)
        rig.isHeard = true
        await rig.beat()
        expect(rig.command(id).state).toBe("answered")
        expect(rig.command(id).told!.counter).toBeGreaterThan(first.told!.counter)
    })

    it("outlives a restart of the gateway, a new session and a new epoch", async () => {
        await rig.beat()
        rig.isHeard = false
        const { id } = rig.request(CommandKind.hold, [60], DAY_MS * 2)
        await rig.talk()
        const first = rig.command(id).told!
        rig.restart()
        rig.board.memory.isValid = false
        rig.board.session.open(true)
        rig.wait(DAY_MS)
        rig.isHeard = true
        await rig.beat()
        expect(rig.board.keys.keys.epoch).toBe(1)
        expect(rig.command(id)).toMatchObject({ state: "answered", answer: { answer: 0 } })
        expect(rig.command(id).told!.salt).not.toBe(first.salt)
    })

    it("is known by an answer that comes in a later session, and after its expiry", async () => {
        await rig.beat()
        const { id } = rig.request(CommandKind.hold, [60])
        rig.desk.receive(rig.sent.pop()!, rig.nowS(), 100)
        rig.isOnline = false
        rig.wait(2 * HOUR_MS)
        rig.downlink.heard(DEVICE_ID)
        expect(rig.command(id)).toMatchObject({ state: "expired", answer: null })
        rig.board.memory.isValid = false
        rig.board.session.open(true)
        rig.isOnline = true
        await rig.beat()
        expect(rig.command(id)).toMatchObject({ state: "answered", answer: { inForce: [60] } })
        expect(rig.said).toEqual([])
    })

    it("is answered once, however often the ledger is read again", async () => {
        await rig.beat()
        const { id } = rig.request(CommandKind.hold, [60])
        await rig.talk()
        const answered = rig.command(id)
        rig.queue.moveCursor(0)
        rig.restart()
        rig.downlink.follow()
        expect(rig.command(id)).toEqual(answered)
    })

    it("is answered in its turn: none overtakes another, and a tracker's refusal is known", async () => {
        rig.isOnline = false
        const ids = [1, 2, 3].map((profile) => rig.request(CommandKind.profile, [profile]).id)
        ids.push(rig.request(CommandKind.profile, [200]).id)
        rig.isOnline = true
        await rig.beat()
        expect(rig.desk.orders.profile).toBe(3)
        const told = ids.map((id) => rig.command(id).told!.counter)
        expect(told).toEqual([...told].sort((a, b) => a - b))
        expect(ids.map((id) => rig.command(id).answer!.answer)).toEqual([
            0,
            0,
            0,
            Answer.argumentRange,
        ])
    })

    it("goes out with the answer to the one before, while the tracker still listens", async () => {
        await rig.beat()
        const [first, second] = [60, 90].map((seconds) => rig.request(CommandKind.hold, [seconds]))
        rig.desk.receive(rig.sent.pop()!, rig.nowS(), 100)
        const [answer] = rig.board.outbox.first(4)
        await rig.upload(rig.board.outbox.messageOf(answer!)!)
        expect(rig.command(first!.id).state).toBe("answered")
        expect(rig.command(second!.id).state).toBe("sent")
    })

    it("may be all fences that a tracker can watch", async () => {
        await rig.beat()
        const fences = Array.from({ length: 16 }, (_, number) => {
            const { shape } = aCircle(100 + number)
            return deviceFenceOf(number, shape, { fixes: 2, seconds: 10 })
        })
        for (const fence of fences) rig.request(CommandKind.circle, fenceArgs(fence))
        await rig.talk()
        const held = Buffer.concat(fences.map((fence, i) => packFence(fence, 1 + i)))
        expect(rig.desk.orders.fences).toEqual(held)
    })

    it("is dropped, not told, when its mandate has ended before the tracker came", async () => {
        await rig.beat()
        rig.isOnline = false
        const hold = rig.request(CommandKind.hold, [60])
        rig.caseFile = aCase({ toMs: START_MS + 60_000 }) as CaseFile
        rig.wait(120_000)
        rig.isOnline = true
        await rig.beat()
        expect(rig.command(hold.id)).toMatchObject({ state: "expired", told: null })
    })
})

describe("a mandate", () => {
    it("is told to the tracker when it is first heard: its name and its end", async () => {
        await rig.beat()
        const { orders } = rig.desk
        expect(orders.mandate).toEqual(mandateName(MANDATE_ID))
        expect(orders.mandateEndS).toBe(END_S)
        const [order] = rig.queue.newestOf(DEVICE_ID, CommandKind.mandate, 9)
        expect(order).toMatchObject({ requestedBy: null, approvedBy: null, state: "answered" })
        await rig.beat()
        expect(rig.recent()).toHaveLength(1)
    })

    it("that is cut short is told at once, before what waits already", async () => {
        await rig.beat()
        rig.isHeard = false
        rig.request(CommandKind.hold, [60])
        await rig.talk()
        rig.isHeard = true
        rig.caseFile = aCase({ toMs: START_MS + 60_000 }) as CaseFile
        rig.downlink.mandatesChanged()
        await rig.talk()
        expect(rig.desk.orders.mandateEndS).toBe(START_MS / 1000 + 60)
        // Its command is lost no more: it follows.
        rig.wait(TELL_AGAIN_MS)
        await rig.beat()
        expect(rig.desk.orders.overrides.holdS).toBe(60)
    })

    it("that was taken away stops the tracker whenever it comes", async () => {
        await rig.beat()
        rig.isOnline = false
        rig.caseFile = { ...rig.caseFile, assignments: [] }
        rig.downlink.mandatesChanged()
        rig.wait(20 * DAY_MS)
        rig.isOnline = true
        await rig.beat()
        expect(rig.desk.orders.mandateEndS).toBe(START_MS / 1000)
    })

    it("that changed twice while the tracker slept is told as it is now", async () => {
        await rig.beat()
        rig.isOnline = false
        for (const days of [1, 2, 3]) {
            rig.caseFile = aCase({ toMs: START_MS + days * DAY_MS }) as CaseFile
            rig.downlink.mandatesChanged()
        }
        rig.isOnline = true
        await rig.beat()
        expect(rig.desk.orders.mandateEndS).toBe(START_MS / 1000 + 3 * 86_400)
        const states = rig.recent().map(({ state }) => state)
        expect(states).toEqual(["answered", "expired", "expired", "answered"])
    })

    it("that the tracker refuses is not told again at every record", async () => {
        const memory = rig.desk.orders
        rig.desk.orders = { ...memory, wipeByS: 9999 }
        for (let i = 0; i < 5; i++) await rig.beat()
        expect(rig.recent()).toMatchObject([{ answer: { answer: Answer.wiping } }])
        rig.wait(REFUSED_MANDATE_WAIT_MS)
        await rig.beat()
        expect(rig.recent()).toHaveLength(2)
    })
})

describe("the mandate order that is due", () => {
    const nowMs = unixMs(START_MS)
    const due = (caseFile: CaseFile, told?: MandateOrder) =>
        mandateOrderDue(caseFile, DEVICE_ID, told, nowMs)
    const told = { mandateId: MANDATE_ID, endS: END_S }

    it("is the earlier of the ends of mandate and assignment", () => {
        expect(due(aCase() as CaseFile)).toEqual(told)
        const assignedToMs = START_MS + 1500
        expect(due(aCase({ assignedToMs }) as CaseFile)?.endS).toBe(START_MS / 1000 + 1)
    })

    it("is none where the tracker knows, where none runs yet, and for what follows nobody", () => {
        expect(due(aCase() as CaseFile, told)).toBeUndefined()
        expect(due(aCase({ fromMs: START_MS + 1 }) as CaseFile)).toBeUndefined()
        const past = { mandateId: "mandate-0", endS: START_MS / 1000 }
        expect(due(aCase({ fromMs: START_MS + 1 }) as CaseFile, past)).toBeUndefined()
        const [device] = aCase().devices!
        const bench = { ...aCase(), devices: [{ ...device!, use: "bench" }] } as CaseFile
        expect(due(bench)).toBeUndefined()
    })

    it("is the end of what was told and does not run any more, and of one of two that both run", () => {
        const ended = aCase({ toMs: START_MS }) as CaseFile
        expect(due(ended, told)).toEqual({ mandateId: MANDATE_ID, endS: START_MS / 1000 })
        const two = aCase() as CaseFile
        const [mandate] = two.mandates as [Mandate]
        const [assignment] = two.assignments
        const both: CaseFile = {
            ...two,
            mandates: [{ ...mandate, id: "mandate-0" }, mandate],
            assignments: [{ ...assignment!, mandateId: "mandate-0" }, assignment!],
        }
        expect(due(both, told)).toBeUndefined()
        expect(due(both)?.mandateId).toBe("mandate-0")
        expect(TARGET_ID).toBe(mandate.targetId)
    })
})

describe("a request", () => {
    const request = (parts: Partial<CommandRequest> = {}): CommandRequest => ({
        deviceId: DEVICE_ID,
        order: CommandKind.hold,
        args: [60],
        requestedBy: "operator",
        expiresAtMs: unixMs(START_MS + HOUR_MS),
        ...parts,
    })
    const ask = (
        parts: Partial<CommandRequest> = {},
        approvedBy = "team-lead",
        caseFile = aCase() as CaseFile,
        open = 0,
    ) => {
        const command = requestedCommand(caseFile, request(parts), open, unixMs(START_MS))
        const asked = { ...command, id: 1, state: "asked" as const }
        const unheard = { approvedBy: null, approvedAtMs: null, told: null, answer: null }
        const queued = { ...asked, ...unheard, overBecause: null }
        checkApproval(caseFile, queued, approvedBy, unixMs(START_MS))
        return command
    }
    const wipe = { order: CommandKind.wipe, args: wipeArgs(Buffer.from(DEVICE_ID, "hex")) }

    it.each([
        ["of a device that nobody knows", { deviceId: "ff" }, "team-lead", "not in the registry"],
        ["of an unknown order", { order: 50 }, "team-lead", "an order from 1 to 11"],
        ["without its arguments", { args: [] }, "team-lead", "another number"],
        ["out of range", { args: [0] }, "team-lead", "out of range"],
        ["for a mandate", { order: CommandKind.mandate, args: [9] }, "team-lead", "itself"],
        ["for a wipe of another", { ...wipe, args: [1, 2] }, "team-lead", "expected the two words"],
        ["that has expired", { expiresAtMs: unixMs(START_MS) }, "team-lead", "0 ms ahead"],
        [
            "that lives too long",
            { expiresAtMs: unixMs(START_MS + COMMAND_LIFE_MAX_MS + 1) },
            "team-lead",
            "expected 1 to 604800000",
        ],
        ["by one person alone", { requestedBy: "team-lead" }, "team-lead", "another person"],
        ["by somebody who only audits", { requestedBy: "auditor" }, "team-lead", '"auditor"'],
        ["by an outsider", { requestedBy: OUTSIDER.id }, "team-lead", '"outsider"'],
        ["approved by an operator", { requestedBy: "team-lead" }, "operator", '"operator"'],
        ["approved by an administrator", {}, "administrator", '"administrator"'],
        ["approved by nobody", {}, "", '""'],
    ])("is refused and says why: %s", (_, parts, approvedBy, message) => {
        expect(() => ask(parts, approvedBy)).toThrow(message)
    })

    it("is refused where no mandate runs, but for a wipe under the last that did", () => {
        const ended = aCase({ toMs: START_MS }) as CaseFile
        expect(() => ask({}, "team-lead", ended)).toThrow("no mandate runs")
        expect(ask(wipe, "officer", ended)).toMatchObject({ mandateId: MANDATE_ID })
        const never = aCase({ fromMs: START_MS + 1 }) as CaseFile
        expect(() => ask(wipe, "team-lead", never)).toThrow("no mandate runs")
    })

    it("is refused when too many wait", () => {
        const open = OPEN_COMMANDS_MAX
        expect(() => ask({}, "team-lead", undefined, open)).toThrow("64 commands wait")
        expect(ask({}, "team-lead", undefined, open - 1).order).toBe(CommandKind.hold)
    })

    it("to a sensor or a unit on the bench needs no mandate, and two of those who service it", () => {
        const [device] = aCase().devices!
        const bench = { ...aCase(), devices: [{ ...device!, use: "bench" }] } as CaseFile
        const serviced = { requestedBy: "technician" }
        expect(ask(serviced, "administrator", bench)).toMatchObject({ mandateId: null })
        expect(() => ask({}, "team-lead", bench)).toThrow('"operator"')
        expect(() => ask(serviced, "team-lead", bench)).toThrow('"team-lead"')
    })
})

describe("the queue on disk", () => {
    it("takes no command that one person gave alone, and forgets none", () => {
        const { id } = rig.request(CommandKind.hold, [60])
        expect(() => rig.queue.add(rig.command(id))).toThrow("CHECK")
        const asked = rig.ask(CommandKind.hold, [90])
        expect(() => rig.queue.approve(asked.id, "operator", unixMs(START_MS))).toThrow("CHECK")
        const open = rig.queue.open(DEVICE_ID).map((one) => one.id)
        expect(open).toContain(id)
        expect(open).not.toContain(asked.id)
        // With the word about its mandate, which nobody asks for.
        expect(rig.recent()).toHaveLength(3)
    })
})

describe("the queue that is remembered", () => {
    it("says what the queue on disk says, whatever was done to it", () => {
        const remembered = new RememberedQueue(rig.queue)
        const OTHER = "00000000000000cc"
        const aCommand = (deviceId: string, requestedBy: string | null) => ({
            ...{ deviceId, requestedBy, mandateId: MANDATE_ID, order: CommandKind.hold, args: [1] },
            ...{ createdAtMs: unixMs(1), expiresAtMs: unixMs(2) },
        })
        const answer = { answer: 0, inForce: [], decidedAtMs: unixMs(3), receivedAtMs: unixMs(3) }
        let telling = 0
        const deeds: ((id: number) => unknown)[] = [
            (id) => remembered.add(aCommand(id % 2 ? DEVICE_ID : OTHER, null)),
            (id) => remembered.ask(aCommand(id % 2 ? DEVICE_ID : OTHER, "operator")),
            (id) => remembered.approve(id, "team-lead", unixMs(1)),
            (id) => remembered.expire([{ id, because: "time" }]),
            (id) => remembered.noteAnswer(id, answer),
            (id) => {
                const told = { salt: "aa", session: 1, counter: telling++, atMs: unixMs(2) }
                if (remembered.command(id)?.approvedBy) remembered.noteTold(id, told)
            },
        ]
        const deed = fc.tuple(fc.constantFrom(...deeds), fc.integer({ min: 1, max: 12 }))
        // What is answered must have been in the queue: SQLite refuses the rest, here as there.
        const tried = ([act, id]: [(id: number) => unknown, number]) => {
            try {
                act(id)
            } catch (error) {
                if (!/CHECK/.test((error as Error).message)) throw error
            }
        }
        fc.assert(
            fc.property(fc.array(deed, { maxLength: 12 }), (done) => {
                for (const one of done) {
                    tried(one)
                    for (const id of [DEVICE_ID, OTHER]) {
                        expect(remembered.open(id)).toEqual(rig.queue.open(id))
                        const newest = [id, CommandKind.hold, 8] as const
                        expect(remembered.newestOf(...newest)).toEqual(
                            rig.queue.newestOf(...newest),
                        )
                    }
                }
            }),
            { numRuns: cases(20, 500) },
        )
    })
})

describe("an order that one person has asked for", () => {
    it("is told to nobody before another approves it, and then behind those approved before", async () => {
        await rig.beat()
        rig.isOnline = false
        const first = rig.ask(CommandKind.hold, [60])
        const second = rig.request(CommandKind.hold, [90])
        rig.isOnline = true
        await rig.beat()
        expect(rig.command(first.id)).toMatchObject({ state: "asked", told: null })
        expect(rig.command(second.id).state).toBe("answered")
        rig.wait(1000)
        rig.downlink.approve(first.id, "officer", nothing)
        await rig.talk()
        expect(rig.command(first.id)).toMatchObject({
            ...{ state: "answered", requestedBy: "operator", approvedBy: "officer" },
            approvedAtMs: START_MS + 1000,
        })
        expect(rig.desk.orders.overrides.holdS).toBe(60)
    })

    it("is approved once, in its time, under its mandate and while its asker may ask", () => {
        const approve = (id: number) => () => rig.downlink.approve(id, "team-lead", nothing)
        const whole = rig.caseFile
        const { id } = rig.request(CommandKind.hold, [60])
        expect(approve(id)).toThrow(`order ${id}: is pending, expected one that is asked`)
        expect(approve(99)).toThrow("order 99: there is none")
        const late = rig.ask(CommandKind.hold, [60])
        rig.wait(HOUR_MS)
        expect(approve(late.id)).toThrow("its time is up")
        const asked = rig.ask(CommandKind.hold, [60])
        rig.caseFile = { ...whole, assignments: [] }
        expect(approve(asked.id)).toThrow("its mandate runs no more")
        rig.caseFile = {
            ...whole,
            memberships: whole.memberships.filter(({ userId }) => userId !== "operator"),
        }
        expect(approve(asked.id)).toThrow('user "operator": expected a member of the operation')
        rig.caseFile = whole
        expect(approve(asked.id)().state).toBe("pending")
    })

    it("is not kept, nor approved, where it cannot be entered into the log", () => {
        const refuse = () => {
            throw new Error("disk full")
        }
        const request = { deviceId: DEVICE_ID, order: CommandKind.report, args: [] }
        const whole = { ...request, requestedBy: "operator", expiresAtMs: unixMs(START_MS + 1) }
        expect(() => rig.downlink.ask(whole, refuse)).toThrow("disk full")
        expect(rig.recent()).toEqual([])
        const { id } = rig.ask(CommandKind.report)
        expect(() => rig.downlink.approve(id, "team-lead", refuse)).toThrow("disk full")
        expect(rig.command(id).state).toBe("asked")
    })

    it("counts among those that wait until its time is up", () => {
        rig.isOnline = false
        rig.request(CommandKind.report)
        // With the word about its mandate, which keeps its place for longer.
        for (let i = 2; i < OPEN_COMMANDS_MAX; i++) rig.ask(CommandKind.report)
        expect(() => rig.ask(CommandKind.report)).toThrow("64 commands wait")
        rig.wait(HOUR_MS)
        for (let i = 1; i < OPEN_COMMANDS_MAX; i++) rig.ask(CommandKind.report)
        expect(() => rig.ask(CommandKind.report)).toThrow("64 commands wait")
        const orders = rig.queue.under(DEVICE_ID, [MANDATE_ID], 200)
        const expired = orders.filter(({ state }) => state === "expired")
        expect(expired).toHaveLength(OPEN_COMMANDS_MAX - 1)
    })
})
