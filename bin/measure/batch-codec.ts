// What `burr measure` asks of a way to put fixes into bodies. One implementation a file, listed in
// codecs.ts.

import type { MeasuredFix, Tolerances } from "./measured-fix.js"

export interface BatchCodec {
    readonly name: string
    /** The number that a body states. */
    readonly profile: number
    /** Whether a batch is coded against the last fix of the one before. */
    readonly chained: boolean
    readonly tolerances: Tolerances
    /** A tracker and its gateway at the start of a session. */
    open(): BatchRun
}

export interface Body {
    bytes: Buffer
    fixes: number
}

export interface BatchRun {
    /** One body, or several where the limits of a batch ask for them; in order, none empty. */
    encode(fixes: readonly MeasuredFix[]): Body[]
    /** To be called once for every body, in order. Throws when it is refused. */
    decode(body: Buffer): MeasuredFix[]
}
