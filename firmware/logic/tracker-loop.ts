// The tracker at work: senses, asks the cycle, does what it says, once a second while it is awake.
// The parts are ports, so the loop is the same on the chip and on Node.

import type { Fix } from "../../protocol/fix.js"
import type { AccessPoint } from "../../protocol/scan.js"
import type { ReceiverAid } from "./aiding.js"
import type { Cycle } from "./cycle.js"
import type { Deed } from "./deed.js"
import type { Journal } from "./journal.js"
import type { Nvm } from "./nvm.js"
import type { Orders } from "./orders.js"
import type { OrdersDesk, Told } from "./orders-desk.js"
import type { Outbox } from "./outbox.js"
import { type BenchPart, failedTest, type PartTest, testPart } from "./self-test-bench.js"
import type { ScanOutcome, Sense } from "./sense.js"
import type { Session } from "./session.js"
import { newSignal, type ReceiverSignal } from "./signal.js"
import type { StateStore } from "./state-store.js"
import { trackerRows } from "./tracker-memory.js"
import type { Uplink } from "./uplink.js"
import { isWipeDue, Wipe } from "./wipe.js"

export interface ReceiverPart {
    /** Fixes since the last poll, oldest first. */
    poll(nowMs: number): Promise<Fix[]>
    switchOn(aid: ReceiverAid | undefined, nowMs: number): Promise<void>
    switchOff(forS: number, nowMs: number): Promise<void>
    askSignal(nowMs: number): Promise<void>
    signal(): ReceiverSignal
}

export interface MotionPart {
    /** The latch, which is let go of; "missing" without an accelerometer. */
    latch(): Promise<"missing" | "calm" | "fired">
    /** Lets motion pulse the board's reset, until the next start. */
    arm(): Promise<void>
}

export interface BatteryPart {
    /** In millivolts and 1/256 percent; undefined without a gauge. */
    read(): Promise<{ batteryMv: number; charge: number } | undefined>
}

export interface NetworkPart {
    /** Begins to bring the network up, where it is wanted and not up. Called at each tick. */
    tend(isWanted: boolean): void
    /** Sockets can be opened. */
    isUp(): boolean
    /** Times it has joined since the program started. */
    joins(): number
}

export interface World {
    uptimeMs(): number
    sleep(ms: number): Promise<void>
    /** Lets other fibers run. */
    breathe(): Promise<void>
    receiver: ReceiverPart
    motion: MotionPart
    battery: BatteryPart
    network: NetworkPart
    /** Undefined where it could not listen. */
    scan(): Promise<AccessPoint[] | undefined>
    /** There may be something to send, or the link's wish has changed. */
    wakeUplink(): void
    /** A line on the board's console. */
    say(line: string): void
    /** Takes what the bench wrote of the keys out of the flash. */
    scrub(): Promise<void>
    /** Neither returns. */
    standby(ms: number): Promise<void>
    reboot(): void
}

export interface LoopParts {
    world: World
    cycle: Cycle
    session: Session
    journal: Journal
    desk: OrdersDesk
    outbox: Outbox
    state: StateStore
    uplink: Uplink
    /** What a wipe overwrites and a self-test tries; undefined on boards without. */
    nvm: Nvm | undefined
    /** What a self-test asks besides; undefined where it has to do with what is sensed. */
    bench: BenchPart | undefined
    /** The epoch has turned: the uplink needs its new name. */
    rename: () => void
}

/** The gateway tells one command, and the next when the answer is there. */
const PENDING_MAX = 4
/** So many ticks in a row that come to nothing: what is in RAM is not to be trusted any more. */
const FAILURES_MAX = 60
/** Then it starts anew, but not at once: what fails at each start must not empty the battery. */
const FAILED_SLEEP_MS = 600000

export class TrackerLoop {
    /** Exceptions that were caught, anywhere in the program. */
    exceptions = 0
    /** The loop has been told to sleep or to start anew. */
    isOver = false
    private acks = 0
    private told = 0
    /** Commands that were read, the first to be obeyed first. */
    private pending: Told[] = []
    private batteryMv = 0
    private charge = -1
    private hasGauge = false
    private hasLooked = false
    private hasGreeted = false
    /** Ticks on end that an exception has ended. */
    private failures = 0
    private hasFreshGauge = false
    private scanned: ScanOutcome | undefined = undefined
    private tested: PartTest[] = []
    private joined = 0
    private sent = 0
    /** In force when the tick began. */
    private ordersBefore: Orders

    constructor(private parts: LoopParts) {
        this.ordersBefore = parts.desk.orders
    }

    /** A payload from the gateway, still sealed. */
    receive(payload: Buffer): void {
        try {
            this.take(payload)
        } catch (e) {
            this.caught("downlink", e as Error)
        }
    }

    private take(payload: Buffer): void {
        const { session, uplink, journal, cycle, desk, world } = this.parts
        const nowMs = world.uptimeMs()
        const ack = session.readAck(payload)
        if (ack !== undefined) {
            uplink.acknowledged(ack, nowMs)
            session.noteHeld(ack)
            journal.held(ack)
            this.acks++
            const told = session.timeIn(ack)
            if (told !== undefined && cycle.clock.noteTold(told.utcS, told.roundTripMs, nowMs))
                this.noteTime(told.utcS)
            return
        }
        // One that is not read now is told again.
        if (this.pending.length >= PENDING_MAX) return
        const told = desk.read(payload)
        if (told.kind === "told") this.pending.push(told)
    }

    /** In the loop's own time: to obey and to answer are each as much as the machine does at once. */
    private async obey(): Promise<void> {
        const { cycle, desk, world } = this.parts
        while (this.pending.length > 0) {
            const told = this.pending[0]
            this.pending = this.pending.slice(1)
            await world.breathe()
            const nowMs = world.uptimeMs()
            const handled = desk.obey(told, cycle.clock.utcS(nowMs), cycle.clock.atS(nowMs))
            await world.breathe()
            desk.answer(handled)
            if (handled.effect === "report") cycle.isAsked = true
            else if (handled.effect === "self-test") cycle.selfTest.order()
        }
    }

    /** The connection was lost or left. */
    lost(): void {
        this.parts.journal.lost()
    }

    /** What a clock that was carried over a sleep says of the time, in seconds of UTC. */
    noteTime(utcS: number): void {
        if (this.parts.session.noteTime(utcS)) this.parts.rename()
    }

    /** One tick. An exception costs what it comes out of, and nothing else. */
    async tick(): Promise<void> {
        const { world, cycle } = this.parts
        try {
            await this.obey()
        } catch (e) {
            this.caught("command", e as Error)
        }
        try {
            const sense = await this.look()
            const breathe = async () => await world.breathe()
            await breathe()
            this.ordersBefore = this.parts.desk.orders
            cycle.orders = this.ordersBefore
            const deeds = await cycle.tick(sense, breathe)
            for (const deed of deeds) {
                if (this.isOver) break
                await world.breathe()
                await this.attempt(deed)
            }
            this.failures = 0
        } catch (e) {
            this.failures++
            this.caught("cycle", e as Error)
        }
        try {
            this.tendLink()
            const atS = cycle.clock.atS(world.uptimeMs())
            if (isWipeDue(this.parts.desk.orders, this.parts.outbox, atS)) await this.wipe()
        } catch (e) {
            this.caught("link", e as Error)
        }
        if (this.failures < FAILURES_MAX || this.isOver) return
        this.failures = 0
        cycle.memory.notes.exceptions += this.exceptions - this.told
        await this.attempt({ what: "save", rows: trackerRows(cycle.memory) })
        await this.attempt({ what: "sleep", ms: FAILED_SLEEP_MS })
    }

    private caught(where: string, error: Error): void {
        this.exceptions++
        this.parts.world.say(`${where}: ${error.message}`)
    }

    /** Ticks until the program ends. `isPlanned`: the program itself had planned this start. */
    async run(isPlanned: boolean): Promise<void> {
        const { world, cycle } = this.parts
        while (!this.isOver) {
            const startedMs = world.uptimeMs()
            if (!this.hasGreeted) {
                await world.breathe()
                await this.greet(isPlanned)
                await world.breathe()
            }
            await this.tick()
            if (this.isOver) return
            await world.sleep(Math.max(10, cycle.idleMs() - (world.uptimeMs() - startedMs)))
        }
    }

    /** Tried again at the next tick where it fails: without a hello the gateway cannot answer. */
    private async greet(isPlanned: boolean): Promise<void> {
        const { world, session, journal } = this.parts
        try {
            // What the log holds is from before the reset; the hello that follows tells the gateway so.
            if (!isPlanned) await journal.seal(async () => await world.breathe())
            session.greet(isPlanned)
            this.hasGreeted = true
        } catch (e) {
            this.caught("start", e as Error)
        }
    }

    private tendLink(): void {
        const { world, cycle, uplink } = this.parts
        world.network.tend(cycle.wantsLink)
        const isWanted = cycle.wantsLink && world.network.isUp()
        // What failed before was another connection, of another window: this one is tried at once.
        if (isWanted && !uplink.isWanted) uplink.hurry()
        uplink.isWanted = isWanted
        world.wakeUplink()
    }

    private async look(): Promise<Sense> {
        const { world, outbox, uplink, journal } = this.parts
        // Before the first tick: what it says of the battery is in the first status.
        if (!this.hasLooked) await this.attempt({ what: "read-gauge" })
        this.hasLooked = true
        const latch = await this.latch()
        const nowMs = world.uptimeMs()
        const fixes = await this.poll(nowMs)
        const joins = this.joins()
        const sense: Sense = {
            uptimeMs: nowMs,
            fixes: fixes,
            signal: this.signal(),
            hasAccelerometer: latch !== "missing",
            isLatched: latch === "fired",
            batteryMv: this.batteryMv,
            charge: this.hasFreshGauge ? this.charge : -1,
            hasGauge: this.hasGauge,
            isJoined: this.isJoined(),
            isUp: uplink.isUp(),
            isDown: uplink.isDown(),
            acks: this.acks,
            joins: joins - this.joined,
            messages: uplink.sent - this.sent,
            exceptions: this.exceptions - this.told,
            queued: outbox.count(),
            thinned: outbox.thinned,
            kept: journal.kept(),
            scan: this.scanned,
            tested: this.tested,
        }
        this.acks = 0
        this.joined = joins
        this.sent = uplink.sent
        this.told = this.exceptions
        this.hasFreshGauge = false
        this.scanned = undefined
        this.tested = []
        return sense
    }

    /** A part that throws is as good as none; the next tick asks again. */
    private async latch(): Promise<"missing" | "calm" | "fired"> {
        try {
            return await this.parts.world.motion.latch()
        } catch (e) {
            this.caught("motion", e as Error)
            return "missing"
        }
    }

    private async poll(nowMs: number): Promise<Fix[]> {
        let fixes: Fix[] = []
        try {
            fixes = await this.parts.world.receiver.poll(nowMs)
        } catch (e) {
            this.caught("receiver", e as Error)
        }
        for (const fix of fixes) {
            try {
                this.noteTime(Math.floor(fix.timeDs / 10))
            } catch (e) {
                this.caught("epoch", e as Error)
            }
        }
        return fixes
    }

    private signal(): ReceiverSignal {
        try {
            return this.parts.world.receiver.signal()
        } catch (e) {
            this.caught("receiver", e as Error)
            return newSignal()
        }
    }

    private joins(): number {
        try {
            return this.parts.world.network.joins()
        } catch (e) {
            this.caught("network", e as Error)
            return this.joined
        }
    }

    private isJoined(): boolean {
        try {
            return this.parts.world.network.isUp()
        } catch (e) {
            this.caught("network", e as Error)
            return false
        }
    }

    /** The deeds that follow one that throws are done all the same. */
    private async attempt(deed: Deed): Promise<void> {
        try {
            await this.carryOut(deed)
        } catch (e) {
            this.caught(deed.what, e as Error)
            // Asked for and not had; and what did not come to its end goes on.
            if (deed.what === "scan") this.scanned = { heard: undefined }
            else if (deed.what === "read-gauge") this.hasGauge = false
            else if (deed.what === "test-part")
                this.tested.push(failedTest(deed.part, (e as Error).message))
            else if (deed.what === "sleep" || deed.what === "reboot") this.isOver = false
        }
    }

    private async carryOut(deed: Deed): Promise<void> {
        const { world, journal, state } = this.parts
        const nowMs = world.uptimeMs()
        const breathe = async () => await world.breathe()
        if (deed.what === "keep") await journal.keep(deed.fix, breathe)
        else if (deed.what === "post") journal.post(deed.type, deed.body)
        else if (deed.what === "seal") await journal.seal(breathe)
        else if (deed.what === "receiver-on") await world.receiver.switchOn(deed.aid, nowMs)
        else if (deed.what === "receiver-off") await world.receiver.switchOff(deed.forS, nowMs)
        else if (deed.what === "ask-signal") await world.receiver.askSignal(nowMs)
        else if (deed.what === "read-gauge") await this.readGauge()
        else if (deed.what === "ask-time") this.parts.session.askTime()
        else if (deed.what === "arm") await world.motion.arm()
        else if (deed.what === "scan") this.scanned = { heard: await world.scan() }
        else if (deed.what === "say") world.say(deed.line)
        else if (deed.what === "test-part") await this.test(deed.part)
        else if (deed.what === "keep-orders") this.keepOrders()
        else if (deed.what === "save") state.save(deed.rows)
        else {
            // What came meanwhile is obeyed first.
            if (this.pending.length > 0) return
            this.isOver = true
            if (deed.what === "sleep") await world.standby(deed.ms)
            else world.reboot()
        }
    }

    /** What the cycle made of orders that another has replaced meanwhile it makes of that one next. */
    private keepOrders(): void {
        const { desk, cycle } = this.parts
        if (desk.orders === this.ordersBefore) desk.keep(cycle.orders)
    }

    private async wipe(): Promise<void> {
        const { world, nvm } = this.parts
        if (nvm === undefined) return
        this.isOver = true
        try {
            const wipe = new Wipe(nvm)
            wipe.begin()
            await finishWipe(wipe, world)
        } catch (e) {
            // Its marker lies there: the next start carries it on.
            this.caught("wipe", e as Error)
        }
        world.reboot()
    }

    private async test(part: number): Promise<void> {
        this.tested.push(await testPart(part, this.parts.bench, this.parts.nvm))
    }

    private async readGauge(): Promise<void> {
        const reading = await this.parts.world.battery.read()
        this.hasGauge = reading !== undefined
        if (reading === undefined) return
        this.hasFreshGauge = true
        this.batteryMv = reading.batteryMv
        this.charge = reading.charge
    }
}

/** Overwrites everything; at a boot that finds a wipe begun this is all that is done. */
export async function finishWipe(
    wipe: Wipe,
    world: Pick<World, "breathe" | "scrub" | "say">,
): Promise<void> {
    while (wipe.step()) await world.breathe()
    await world.scrub()
    world.say(wipe.finish() ? "wiped" : "wiped in part: the memory does not take it")
}
