// The way back, end to end but for the network: queue and ledger on disk, a tracker's own session and
// orders on the other side.

import { join } from "node:path"
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
import {
    approvedCommand,
    COMMAND_LIFE_MAX_MS,
    type CommandRequest,
    OPEN_COMMANDS_MAX,
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
import { ChipNvm, FramBoard, sha256 } from "../support/fram-board.js"
import { ManualClock } from "../support/manual-clock.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { tempFolder } from "../support/temp-folder.js"

const START_MS = Date.UTC(2031, 0, 1)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
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
            this.downlink.follow()
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
    request(order: number, args: number[] = [], lifeMs = HOUR_MS): QueuedCommand {
        const expiresAtMs = unixMs(this.clock.ms + lifeMs)
        const request = { deviceId: DEVICE_ID, order, args, requestedBy: "operator", expiresAtMs }
        return this.downlink.request(request, "team-lead")
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
    private async upload(message: Buffer): Promise<void> {
        const device = { deviceId: DEVICE_ID, keys: this.board.keys.keys }
        const receivedAtMs = this.clock.nowMs()
        const arrival = { device, message, receivedAtMs, remote: "here" }
        const held = await takeIn(this.ledger, this.vault, nodeAead, arrival)
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
        expect(rig.queue.recent(DEVICE_ID, 9)).toHaveLength(1)
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
        const states = rig.queue.recent(DEVICE_ID, 9).map(({ state }) => state)
        expect(states).toEqual(["answered", "expired", "expired", "answered"])
    })

    it("that the tracker refuses is not told again at every record", async () => {
        const memory = rig.desk.orders
        rig.desk.orders = { ...memory, wipeByS: 9999 }
        for (let i = 0; i < 5; i++) await rig.beat()
        expect(rig.queue.recent(DEVICE_ID, 9)).toMatchObject([
            { answer: { answer: Answer.wiping } },
        ])
        rig.wait(REFUSED_MANDATE_WAIT_MS)
        await rig.beat()
        expect(rig.queue.recent(DEVICE_ID, 9)).toHaveLength(2)
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
    ) => approvedCommand(caseFile, request(parts), approvedBy, open, unixMs(START_MS))
    const wipe = { order: CommandKind.wipe, args: wipeArgs(Buffer.from(DEVICE_ID, "hex")) }

    it.each([
        ["of a device that nobody knows", { deviceId: "ff" }, "team-lead", "not in the registry"],
        ["of an unknown order", { order: 50 }, "team-lead", "an order from 1 to 11"],
        ["without its arguments", { args: [] }, "team-lead", "another number"],
        ["out of range", { args: [0] }, "team-lead", "out of range"],
        ["for a mandate", { order: CommandKind.mandate, args: [9] }, "team-lead", "itself"],
        ["for a wipe of another", { ...wipe, args: [1, 2] }, "team-lead", "expected the two words"],
        ["that has expired", { expiresAtMs: unixMs(START_MS) }, "team-lead", "expiry in 0 ms"],
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
        const alone = { ...rig.command(id), approvedBy: "operator" }
        expect(() => rig.queue.add(alone)).toThrow("CHECK")
        expect(() => rig.queue.add({ ...alone, approvedBy: null })).toThrow("CHECK")
        expect(rig.queue.recent(DEVICE_ID, 9)).toHaveLength(1)
    })
})
