// What is wrong with the board, and with the sky: told once when it begins, and of a part once more when
// it works again.

import { EventKind } from "../../protocol/event.js"
import { StatusFault } from "../../protocol/status.js"
import { AccelerometerHealth } from "./motion-memory.js"
import { ReceiverHealth } from "./receiver-memory.js"
import type { Sense } from "./sense.js"
import type { ReceiverSignal } from "./signal.js"
import type { Notes, TrackerMemory } from "./tracker-memory.js"

export interface PartEvent {
    /** An EventKind. */
    kind: number
    args: number[]
}

/** 255 is how sure a receiver can be. */
const JAM_SURE = 128
const JAM_GONE = 64
const SPOOF_INDICATED = 128
const SPOOF_AFFIRMED = 255

export class PartWatch {
    /** A sum of StatusFault: parts, and exceptions since the last status. */
    faults = 0

    constructor(private hasFram: boolean) {}

    /** What has changed; `memory.notes` keeps what was told. */
    step(sense: Sense, memory: TrackerMemory): PartEvent[] {
        const events: PartEvent[] = []
        const notes = memory.notes
        notes.exceptions += sense.exceptions
        const faults = this.faultsOf(sense, memory)
        for (let bit = StatusFault.receiver; bit <= StatusFault.noFram; bit = bit * 2) {
            if ((faults & bit) === (notes.faultsTold & bit)) continue
            events.push({ kind: EventKind.partFault, args: [bit, (faults & bit) !== 0 ? 1 : 0] })
        }
        notes.faultsTold = faults
        this.faults = faults + (notes.exceptions > 0 ? StatusFault.exception : 0)
        watchSky(sense.signal, notes, events)
        return events
    }

    /** A receiver that has not been heard since it was switched is as it was. */
    private faultsOf(sense: Sense, memory: TrackerMemory): number {
        const health = memory.receiver.health
        const told = memory.notes.faultsTold & StatusFault.receiver
        let faults = health === ReceiverHealth.unknown ? told : 0
        if (health > ReceiverHealth.ok) faults = StatusFault.receiver
        const isStuck = memory.motion.health !== AccelerometerHealth.good
        if (!sense.hasAccelerometer || isStuck) faults += StatusFault.accelerometer
        if (!sense.hasGauge) faults += StatusFault.fuelGauge
        if (!this.hasFram) faults += StatusFault.noFram
        return faults
    }
}

function watchSky(signal: ReceiverSignal, notes: Notes, events: PartEvent[]): void {
    if (signal.jam >= JAM_SURE && notes.isJammed === 0) {
        notes.isJammed = 1
        const sure = Math.min(signal.jam, SPOOF_AFFIRMED)
        events.push({ kind: EventKind.jamSuspected, args: [sure] })
    } else if (signal.jam >= 0 && signal.jam < JAM_GONE) notes.isJammed = 0
    if (signal.spoofing > 0 && notes.isSpoofed === 0) {
        const sure = signal.spoofing > 1 ? SPOOF_AFFIRMED : SPOOF_INDICATED
        events.push({ kind: EventKind.spoofSuspected, args: [sure] })
    }
    if (signal.spoofing >= 0) notes.isSpoofed = signal.spoofing > 0 ? 1 : 0
}
