// A device program on a whole simulated tracker, in virtual time, with all that it says and all that
// happens to its chip.

import { Fram } from "../../simulator/chips/fram.js"
import {
    SimulatedTracker,
    type SimulatedTrackerOptions,
} from "../../simulator/fleet/simulated-tracker.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import type { LinkEvents } from "../../simulator/vm/network.js"
import { makePrng } from "../../simulator/world/prng.js"
import { deviceProgram } from "../support/tracker-program.js"

export const START_MS = Date.UTC(2031, 0, 1)

export interface Happened {
    /** Since the rig was made. */
    atMs: number
    what: string
    text: string
}

export type LifeOptions = Partial<SimulatedTrackerOptions> & {
    settings?: Readonly<Record<string, string | number>>
}

export class Life {
    readonly clock = new VirtualClock(START_MS)
    readonly happened: Happened[] = []
    readonly fram = new Fram()
    readonly tracker: SimulatedTracker
    /** Sockets that were opened, newest last. */
    readonly links: LinkEvents[] = []

    constructor(program: string, options: LifeOptions = {}) {
        const prng = makePrng("life")
        const { settings, ...more } = options
        this.tracker = new SimulatedTracker({
            clock: this.clock,
            network: {
                open: (_host, _port, events) => {
                    this.links.push(events)
                    this.clock.after(30, () => events.opened())
                    return { write: () => true, close: () => {} }
                },
            },
            program: deviceProgram(`test/device/${program}.devs`),
            provisioned: {
                deviceId: "00112233445566bb",
                chainKey: Buffer.alloc(32, 1),
                brokerHost: "gateway",
                brokerPort: 1883,
                holdMs: 10_000,
                ...(settings ? { more: settings } : {}),
            },
            source: () => undefined,
            fram: this.fram,
            randomBytes: (count) =>
                Uint8Array.from({ length: count }, () => Math.floor(prng.next() * 256)),
            onTwin: (topic, data) => this.note(topic, data.toString()),
            onState: (state) => this.note("chip", state),
            onStopped: (reason) => this.note("panic", reason),
            ...more,
        })
    }

    get ageMs(): number {
        return this.clock.nowMs - START_MS
    }
    async run(seconds: number): Promise<void> {
        await this.clock.runUntil(this.clock.nowMs + seconds * 1000, () => undefined)
    }
    /** What was said about something, in order. */
    said(what: string): string[] {
        return this.happened.filter((one) => one.what === what).map(({ text }) => text)
    }
    /** When something was said, ms since the start. */
    timesOf(what: string, text?: string): number[] {
        return this.happened
            .filter((one) => one.what === what && (text === undefined || one.text === text))
            .map(({ atMs }) => atMs)
    }

    private note(what: string, text: string): void {
        this.happened.push({ atMs: this.ageMs, what, text })
    }
}
