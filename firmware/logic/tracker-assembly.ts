// Puts the tracker together from what the board keeps and what is on its buses. The chip and Node build
// it here alike.

import { Cycle } from "./cycle.js"
import { DeviceClock, WakePlan } from "./device-clock.js"
import { FixLog, ramFixLog } from "./fix-log.js"
import { Journal } from "./journal.js"
import type { KeyMemory } from "./key-memory.js"
import type { Mission } from "./mission.js"
import type { Hash, Nvm } from "./nvm.js"
import { OrdersDesk } from "./orders-desk.js"
import { NvmOrdersStore, RamOrdersStore } from "./orders-store.js"
import type { Outbox } from "./outbox.js"
import type { Profile } from "./profile.js"
import type { BenchPart } from "./self-test-bench.js"
import type { Session } from "./session.js"
import type { SessionMemory } from "./session-memory.js"
import type { StateStore } from "./state-store.js"
import { TrackerLoop, type World } from "./tracker-loop.js"
import { type TrackerMemory, trackerMemoryOf } from "./tracker-memory.js"
import type { Uplink } from "./uplink.js"

export interface TrackerParts {
    world: World
    hash: Hash
    deviceId: Buffer
    keys: KeyMemory
    memory: SessionMemory
    outbox: Outbox
    state: StateStore
    /** The memory itself; undefined on a board without FRAM. */
    nvm: Nvm | undefined
    /** Open. */
    session: Session
    uplink: Uplink
    wake: Wake
    profile: Profile
    mission: Mission
    /** Motion pulses the board's reset. */
    canWake: boolean
    /** A pin wakes the receiver. */
    hasWakePin: boolean
    /** A ResetCause. */
    resetCause: number
    programHash: Buffer
    /** The bench wants a self-test: once where there is FRAM, else at each start. */
    wantsSelfTest?: boolean
    bench?: BenchPart
}

/** What a boot finds. */
export interface Wake {
    kept: TrackerMemory
    clock: DeviceClock
    /** The program itself had planned that it starts now. */
    isPlanned: boolean
}

/** `hasFired`: motion was felt, and has ended the sleep before its time where it could. */
export function wakeOf(state: StateStore, hasFired: boolean): Wake {
    const kept = trackerMemoryOf(state.load())
    const isWoken = hasFired && kept.notes.isArmed === 1
    const isAsleep = kept.clock.plan === WakePlan.sleep
    return {
        kept: kept,
        clock: new DeviceClock(kept.clock, isWoken && isAsleep),
        isPlanned: kept.clock.plan !== WakePlan.none,
    }
}

export function assembleTracker(parts: TrackerParts): TrackerLoop {
    const { session, memory, outbox, state, nvm, hash, uplink, keys, world, wake } = parts
    const log = nvm === undefined ? ramFixLog(hash) : new FixLog(nvm, hash)
    const store = nvm === undefined ? new RamOrdersStore() : new NvmOrdersStore(nvm, hash)
    const desk = new OrdersDesk({
        session: session,
        memory: memory,
        store: store,
        deviceId: parts.deviceId,
        canWipe: nvm !== undefined,
    })
    const cycle = new Cycle({
        memory: wake.kept,
        clock: wake.clock,
        orders: desk.orders,
        mission: parts.mission,
        profile: parts.profile,
        canWake: parts.canWake,
        hasWakePin: parts.hasWakePin,
        hasFram: nvm !== undefined,
        resetCause: parts.resetCause,
        programHash: parts.programHash,
        wantsSelfTest: parts.wantsSelfTest === true,
    })
    const loop = new TrackerLoop({
        world: world,
        cycle: cycle,
        session: session,
        journal: new Journal(session, memory, outbox, log),
        desk: desk,
        outbox: outbox,
        state: state,
        uplink: uplink,
        nvm: nvm,
        bench: parts.bench,
        rename: () => uplink.rename(keys.keys),
    })
    // Its fiber runs before the first tick, which alone knows whether there is something to send.
    uplink.isWanted = false
    const utcS = wake.clock.utcS(world.uptimeMs())
    if (utcS >= 0) loop.noteTime(utcS)
    return loop
}
