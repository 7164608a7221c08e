// Puts the sensor node together from what the board keeps and what its parts measure. The chip and Node
// build it here alike.

import { QuantityNumber } from "../../protocol/quantity.js"
import { DeviceClock, WakePlan } from "./device-clock.js"
import type { Outbox } from "./outbox.js"
import type { SampleRule } from "./sampling.js"
import { SensorCycle } from "./sensor-cycle.js"
import { type NodeWorld, SensorLoop } from "./sensor-loop.js"
import { isInQueue, type NodeMemory, nodeMemoryOf } from "./sensor-memory.js"
import type { SensorPart } from "./sensor-part.js"
import { fittedParts, partsIn, partsMask } from "./sensor-parts.js"
import { SensorReporter } from "./sensor-reporter.js"
import type { Session } from "./session.js"
import type { SessionMemory } from "./session-memory.js"
import type { StateStore } from "./state-store.js"
import type { Uplink } from "./uplink.js"

/** What a boot finds. */
export interface NodeWake {
    kept: NodeMemory
    clock: DeviceClock
    /** The program itself had planned that it starts now. */
    isPlanned: boolean
}

export interface SensorNodeParts {
    world: NodeWorld
    /** Of all quantities that are sampled. */
    rules: SampleRule[]
    /** The longest that a reading waits for company, as the bench has set it. */
    holdS: number
    memory: SessionMemory
    outbox: Outbox
    state: StateStore
    /** Resumed, not greeted. */
    session: Session
    uplink: Uplink
    rename: () => void
    wake: NodeWake
    maySleep: boolean
    isLasting: boolean
    isContactWired: boolean
    resetCause: number
    programHash: Buffer
}

/**
 * `contact`: the level of a contact that pulses the board's reset, undefined where none is wired. One
 * that has changed has ended the sleep before its time, nobody knows when.
 */
export function nodeWakeOf(state: StateStore, contact: number | undefined): NodeWake {
    const kept = nodeMemoryOf(state.load())
    const before = kept.notes.contact
    const isChanged = contact !== undefined && before >= 0 && contact !== before
    const isAsleep = kept.clock.plan === WakePlan.sleep
    return {
        kept: kept,
        clock: new DeviceClock(kept.clock, isChanged && isAsleep),
        isPlanned: kept.clock.plan !== WakePlan.none,
    }
}

/**
 * The parts of `all` to measure with: after a sleep those that were found before it, for a part that is
 * silent for once is still one; else those that answer, and those that should.
 */
export async function partsAt(
    wake: NodeWake,
    all: SensorPart[],
    rules: SampleRule[],
): Promise<SensorPart[]> {
    const notes = wake.kept.notes
    if (wake.isPlanned && notes.parts >= 0) return partsIn(all, notes.parts)
    const fitted = await fittedParts(all, rules)
    notes.parts = partsMask(all, fitted)
    return fitted
}

export function assembleSensor(parts: SensorNodeParts): SensorLoop {
    const { world, memory, outbox, state, session, uplink, wake } = parts
    const kept = wake.kept
    const holdS = kept.notes.holdS < 0 ? parts.holdS : kept.notes.holdS
    const rules = parts.isContactWired ? withoutPolling(parts.rules) : parts.rules
    const reporter = new SensorReporter(rules, kept.samples, holdS)
    if (!isInQueue(kept.batch, outbox.newest)) reporter.restore(kept.batch.rows)
    const cycle = new SensorCycle({
        memory: kept,
        clock: wake.clock,
        reporter: reporter,
        maySleep: parts.maySleep,
        isLasting: parts.isLasting,
        isContactWired: parts.isContactWired,
        resetCause: parts.resetCause,
        programHash: parts.programHash,
    })
    const loop = new SensorLoop({
        world: world,
        cycle: cycle,
        reporter: reporter,
        session: session,
        memory: memory,
        outbox: outbox,
        state: state,
        uplink: uplink,
        rename: parts.rename,
    })
    // Nothing is to be sent until the first tick says so: most wakes need no connection.
    uplink.isWanted = false
    const utcS = wake.clock.utcS(world.uptimeMs())
    if (utcS >= 0) loop.noteTime(utcS)
    return loop
}

/** A contact that wakes the board is read at each start, and besides only for its sign of life. */
function withoutPolling(rules: SampleRule[]): SampleRule[] {
    for (const rule of rules)
        if (rule.quantity === QuantityNumber.contact) rule.everyS = rule.heartbeatS
    return rules
}
