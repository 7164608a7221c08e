// Works the ledger off behind its cursor. Effects come from the committed ledger, once a record:
// what a step derives and the cursor behind it are stored together or not at all.
//
// When the world fails (a full disk, a locked file) nothing moves and the turn is tried again. When
// it is our reasoning that fails on a record, that record is set aside as rejected, loudly, and the
// others go on: a fault in one device's record must not blind the teams that follow the others. The
// ledger still holds it, so a mended gateway that derives anew gets its fixes back.

import type { Aead } from "../../protocol/envelope.js"
import type { CaseFile } from "./domain/case-file.js"
import type { DeviceMemory } from "./ingest/device-memory.js"
import type { Uplink } from "./ingest/uplink.js"
import {
    type Derived,
    derive,
    nothingDerived,
    type PipelineMemory,
    type TargetMemory,
} from "./pipeline.js"
import {
    type DerivedStep,
    type DerivedStore,
    type Ledger,
    type Log,
    UnstorableError,
    type Vault,
} from "./ports.js"

/** Uplinks worked in at a turn, so that sockets are served in between. */
const STEPS_MAX = 128
/** Reasons under which a record is set aside. */
const NO_KEY = "key-unknown"
const OUR_FAULT = "internal"

export interface DeriverParts {
    ledger: Ledger
    store: DerivedStore
    vault: Vault
    aead: Aead
    caseFile: () => CaseFile
    log: Log
}

/** Works in the next uplinks. None returned: the store has caught up with the ledger. */
export function deriveNext(parts: DeriverParts): DerivedStep[] {
    const uplinks = parts.ledger.after(parts.store.cursor(), STEPS_MAX)
    if (uplinks.length === 0) return []
    try {
        return workIn(parts, uplinks)
    } catch (error) {
        if (!(error instanceof UnstorableError)) throw error
        return [workInAlone(parts, uplinks[0]!)]
    }
}

function workIn(parts: DeriverParts, uplinks: readonly Uplink[]): DerivedStep[] {
    const caseFile = parts.caseFile()
    const fresh = new FreshMemory(parts.store)
    const complaints: string[] = []
    const steps = uplinks.map((uplink) => {
        const memory = fresh.of(uplink.deviceId, caseFile)
        const derived = deriveOne(parts, caseFile, memory, uplink, complaints)
        fresh.note(uplink.deviceId, derived)
        return { uplink, derived }
    })
    parts.store.commit(steps)
    for (const complaint of complaints) parts.log("error", complaint)
    return steps
}

/** One uplink; set aside when the store can never take what was derived from it. */
function workInAlone(parts: DeriverParts, uplink: Uplink): DerivedStep {
    try {
        return workIn(parts, [uplink])[0]!
    } catch (error) {
        if (!(error instanceof UnstorableError)) throw error
        const memory = new FreshMemory(parts.store).of(uplink.deviceId, parts.caseFile())
        const step = { uplink, derived: setAside(memory, OUR_FAULT) }
        parts.store.commit([step])
        parts.log("error", complaint(uplink, OUR_FAULT, error.message))
        return step
    }
}

function deriveOne(
    { vault, aead }: DeriverParts,
    caseFile: CaseFile,
    memory: PipelineMemory,
    uplink: Uplink,
    complaints: string[],
): Derived {
    const { deviceId, epoch } = uplink
    if (!vault.keysOf(deviceId, epoch)) {
        complaints.push(complaint(uplink, NO_KEY, "the vault holds no key for it"))
        return setAside(memory, NO_KEY)
    }
    try {
        return derive(memory, uplink, caseFile, (one) => vault.keysOf(deviceId, one), aead)
    } catch (error) {
        complaints.push(complaint(uplink, OUR_FAULT, placeOf(error as Error)))
        return setAside(memory, OUR_FAULT)
    }
}

/** Leaves all memory as it was, so the record's number shows as missing. */
function setAside({ device }: PipelineMemory, reason: string): Derived {
    return nothingDerived({ device, targets: new Map() }, reason)
}

function complaint({ id, deviceId }: Uplink, reason: string, why: string): string {
    return `record ${id} of device ${deviceId} is set aside, ${reason}: ${why}`
}

/** Kind and place of a fault. Its message may quote what was computed with, a position say. */
function placeOf({ name, stack }: Error): string {
    const frames = stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? []
    return [name, frames[0]?.trim() ?? "at an unknown place"].join(" ")
}

/** What the store remembers, under what this turn has changed and not stored yet. */
class FreshMemory {
    private readonly targets = new Map<string, TargetMemory>()
    private readonly devices = new Map<string, DeviceMemory>()

    constructor(private readonly store: DerivedStore) {}

    of(deviceId: string, caseFile: CaseFile): PipelineMemory {
        const targets = new Map<string, TargetMemory>()
        for (const assignment of caseFile.assignments) {
            if (assignment.deviceId !== deviceId) continue
            const known = this.target(assignment.targetId)
            if (known) targets.set(assignment.targetId, known)
        }
        return { device: this.device(deviceId), targets }
    }
    note(deviceId: string, derived: Derived): void {
        this.devices.set(deviceId, derived.device)
        for (const [targetId, memory] of derived.targets) this.targets.set(targetId, memory)
    }

    private target(targetId: string): TargetMemory | undefined {
        return this.targets.get(targetId) ?? this.store.targetMemory(targetId)
    }
    private device(deviceId: string): DeviceMemory {
        return this.devices.get(deviceId) ?? this.store.deviceMemory(deviceId)
    }
}
