// Works the ledger off behind its cursor. Effects come from the committed ledger, once a record:
// what a step derives and the cursor behind it are stored together or not at all.

import type { Aead } from "../../protocol/envelope.js"
import type { CaseFile } from "./domain/case-file.js"
import type { Uplink } from "./ingest/uplink.js"
import { type Derived, derive, type TargetMemory } from "./pipeline.js"
import type { DerivedStep, DerivedStore, Ledger, Vault } from "./ports.js"

/** Uplinks worked in at a turn, so that sockets are served in between. */
const STEPS_MAX = 128

export interface DeriverParts {
    ledger: Ledger
    store: DerivedStore
    vault: Vault
    aead: Aead
    caseFile: () => CaseFile
}

/** Works in the next uplinks. None returned: the store has caught up with the ledger. */
export function deriveNext(parts: DeriverParts): DerivedStep[] {
    const { ledger, store } = parts
    const caseFile = parts.caseFile()
    const fresh = new FreshMemory(store)
    const steps = ledger.after(store.cursor(), STEPS_MAX).map((uplink) => {
        const derived = deriveOne(parts, caseFile, fresh, uplink)
        fresh.note(uplink.deviceId, derived)
        return { uplink, derived }
    })
    if (steps.length > 0) store.commit(steps)
    return steps
}

function deriveOne(
    { vault, aead }: DeriverParts,
    caseFile: CaseFile,
    fresh: FreshMemory,
    uplink: Uplink,
): Derived {
    const keys = vault.keysOf(uplink.deviceId, uplink.epoch)
    if (!keys) throw new Error(`vault holds no key for device ${uplink.deviceId} of the ledger`)
    const targets = new Map<string, TargetMemory>()
    for (const { deviceId, targetId } of caseFile.assignments) {
        const known = deviceId === uplink.deviceId ? fresh.target(targetId) : undefined
        if (known) targets.set(targetId, known)
    }
    const memory = { continuity: fresh.continuity(uplink.deviceId), targets }
    return derive(memory, uplink, caseFile, keys, aead)
}

/** What the store remembers, under what this turn has changed and not stored yet. */
class FreshMemory {
    private readonly targets = new Map<string, TargetMemory>()
    private readonly devices = new Map<string, Derived["continuity"]>()

    constructor(private readonly store: DerivedStore) {}

    target(targetId: string): TargetMemory | undefined {
        return this.targets.get(targetId) ?? this.store.targetMemory(targetId)
    }
    continuity(deviceId: string): Derived["continuity"] {
        return this.devices.get(deviceId) ?? this.store.continuityOf(deviceId)
    }
    note(deviceId: string, derived: Derived): void {
        this.devices.set(deviceId, derived.continuity)
        for (const [targetId, memory] of derived.targets) this.targets.set(targetId, memory)
    }
}
