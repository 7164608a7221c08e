// The sensor node at work: senses, asks the cycle, does what it says. The parts are ports, so the loop is
// the same on the chip and on Node.

import { type Command, CommandKind } from "../../protocol/command.js"
import type { Outbox } from "./outbox.js"
import type { NodeDeed, NodeSense, SensorCycle } from "./sensor-cycle.js"
import type { Measured } from "./sensor-part.js"
import type { SensorReporter } from "./sensor-reporter.js"
import type { Session } from "./session.js"
import type { SessionMemory } from "./session-memory.js"
import type { StateStore } from "./state-store.js"
import type { NetworkPart } from "./tracker-loop.js"
import type { Uplink } from "./uplink.js"

export interface NodeWorld {
    uptimeMs(): number
    sleep(ms: number): Promise<void>
    /** One sample of each quantity; what no part gives is not in the answer. */
    measure(quantities: number[]): Promise<Measured[]>
    network: NetworkPart
    /** There may be something to send, or the link's wish has changed. */
    wakeUplink(): void
    /** A line on the board's console. */
    say(line: string): void
    /** Neither returns. */
    standby(ms: number): Promise<void>
    reboot(): void
}

export interface NodeLoopParts {
    world: NodeWorld
    cycle: SensorCycle
    reporter: SensorReporter
    session: Session
    memory: SessionMemory
    outbox: Outbox
    state: StateStore
    uplink: Uplink
    /** The epoch has turned: the uplink needs its new name. */
    rename: () => void
}

/** A hold beyond this would look like a dead node. */
const HOLD_MAX_S = 3600
/** So many ticks in a row that come to nothing: what is in RAM is not to be trusted any more. */
const FAILURES_MAX = 60
/** Then it starts anew, but not at once: what fails at each start must not empty the battery. */
const FAILED_SLEEP_MS = 600000

export class SensorLoop {
    /** Exceptions that were caught. */
    exceptions = 0
    /** The loop has been told to sleep or to start anew. */
    isOver = false
    private told = 0
    private acks = 0
    private failures = 0
    private hasGreeted = false
    private measured: Measured[] | undefined = undefined

    constructor(private parts: NodeLoopParts) {}

    /** A payload from the gateway, still sealed. */
    receive(payload: Buffer): void {
        try {
            this.take(payload)
        } catch (e) {
            this.caught("downlink", e as Error)
        }
    }

    /** What the clock says of the time, in seconds of UTC. */
    noteTime(utcS: number): void {
        if (this.parts.session.noteTime(utcS)) this.parts.rename()
    }

    /** Ticks until the program ends. `isPlanned`: the program itself had planned this start. */
    async run(isPlanned: boolean): Promise<void> {
        const { world, cycle } = this.parts
        while (!this.isOver) {
            if (!this.hasGreeted) this.greet(isPlanned)
            await this.tick()
            if (!this.isOver) await world.sleep(cycle.idleMs(world.uptimeMs()))
        }
    }

    /** One tick. An exception costs what it comes out of, and nothing else. */
    async tick(): Promise<void> {
        const { cycle } = this.parts
        try {
            for (const deed of cycle.tick(this.look())) {
                if (this.isOver) break
                await this.attempt(deed)
            }
            this.failures = 0
        } catch (e) {
            this.failures++
            this.caught("cycle", e as Error)
        }
        try {
            this.tendLink()
        } catch (e) {
            this.caught("link", e as Error)
        }
        if (this.failures < FAILURES_MAX || this.isOver) return
        this.failures = 0
        await this.attempt({ what: "sleep", ms: FAILED_SLEEP_MS })
    }

    private take(payload: Buffer): void {
        const { session, uplink, cycle, world } = this.parts
        const nowMs = world.uptimeMs()
        const ack = session.readAck(payload)
        if (ack === undefined) {
            const command = session.readCommand(payload)
            if (command.kind === "command") this.obey(command)
            return
        }
        uplink.acknowledged(ack, nowMs)
        session.noteHeld(ack)
        this.acks++
        const told = session.timeIn(ack)
        if (told !== undefined && cycle.clock.noteTold(told.utcS, told.roundTripMs, nowMs))
            this.noteTime(told.utcS)
    }

    private obey(command: Command): void {
        const { reporter, cycle } = this.parts
        if (command.order === CommandKind.report) reporter.hurry()
        else if (command.order === CommandKind.hold) {
            const holdS = command.args[0]
            if (holdS >= 0 && holdS <= HOLD_MAX_S) cycle.setHold(holdS)
        }
    }

    /** Tried again at the next tick where it fails: without a hello the gateway cannot answer. */
    private greet(isPlanned: boolean): void {
        try {
            this.parts.session.greet(isPlanned)
            this.hasGreeted = true
        } catch (e) {
            this.caught("start", e as Error)
        }
    }

    private caught(where: string, error: Error): void {
        this.exceptions++
        this.parts.world.say(`${where}: ${error.message}`)
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

    private look(): NodeSense {
        const { world, uplink, outbox, memory } = this.parts
        const sense: NodeSense = {
            uptimeMs: world.uptimeMs(),
            measured: this.measured,
            isUp: uplink.isUp(),
            isDown: uplink.isDown(),
            acks: this.acks,
            exceptions: this.exceptions - this.told,
            queued: outbox.count(),
            thinned: outbox.thinned,
            session: memory.counter,
            nextSeq: memory.reserved(),
        }
        this.measured = undefined
        this.acks = 0
        this.told = this.exceptions
        return sense
    }

    /** The deeds that follow one that throws are done all the same. */
    private async attempt(deed: NodeDeed): Promise<void> {
        try {
            await this.carryOut(deed)
        } catch (e) {
            this.caught(deed.what, e as Error)
            // Asked for and not had; and what did not come to its end goes on.
            if (deed.what === "measure") this.measured = []
            else if (deed.what === "sleep" || deed.what === "reboot") this.isOver = false
        }
    }

    private async carryOut(deed: NodeDeed): Promise<void> {
        const { world, session, state } = this.parts
        if (deed.what === "measure") this.measured = await world.measure(deed.quantities)
        else if (deed.what === "post") session.post(deed.type, deed.body)
        else if (deed.what === "ask-time") session.askTime()
        else if (deed.what === "save") state.save(deed.rows)
        else {
            this.isOver = true
            if (deed.what === "sleep") await world.standby(deed.ms)
            else world.reboot()
        }
    }
}
