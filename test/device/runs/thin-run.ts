// Thinning of seeded tracks, a few fixes at a time: what is kept and when a report is due, as lines.
// Runs on Node and on the tracker's machine, which must decide alike.

import type { ThinFix } from "../../../firmware/logic/thin/thin-fix.js"
import { TrackThinner } from "../../../firmware/logic/thin/track-thinner.js"

/** Tracks are numbered from 1 to this. */
export const THIN_SEEDS = 6
const FIXES = 400
const FIXES_A_LINE = 5

interface Numbered extends ThinFix {
    index: number
}

/** A drive with stops, turns, noise and gaps; some receivers give speed, some course as well. */
export class ThinRun {
    isDone = false
    private thinner = new TrackThinner<Numbered>(25, 5)
    private index = 0
    private state: number
    private timeDs = 19000000000
    private latUdeg: number
    private lonUdeg: number
    private north = 0
    private east = 0

    constructor(private seed: number) {
        this.state = seed * 7919 + 1
        this.latUdeg = (this.random() - 0.5) * 170000000
        // Close to the antimeridian, so that some tracks cross it.
        this.lonUdeg = 179990000 + this.random() * 9000
    }

    /** The decisions about the next few fixes. */
    next(): string {
        let line = ""
        for (let i = 0; i < FIXES_A_LINE; i++) {
            const thinned = this.thinner.add(this.fix())
            for (const fix of thinned.kept) line += `${fix.index} `
            if (thinned.isReport) line += "report "
        }
        if (this.index >= FIXES) {
            this.isDone = true
            const last = this.thinner.end()
            if (last !== undefined) line += `${last.index} `
        }
        return line
    }

    private fix(): Numbered {
        const draw = this.random()
        // The last of the seeds is parked, so that the window fills to its limit.
        if (draw < 0.04 && this.seed < THIN_SEEDS) {
            this.north = (this.random() - 0.5) * 300
            this.east = (this.random() - 0.5) * 300
        } else if (draw < 0.06) {
            this.north = 0
            this.east = 0
        }
        const stepDs = draw > 0.99 ? 600 : 10
        this.timeDs += stepDs
        this.latUdeg += Math.floor((this.north * stepDs) / 10 + (this.random() - 0.5) * 30)
        this.lonUdeg += Math.floor((this.east * stepDs) / 10 + (this.random() - 0.5) * 30)
        if (this.lonUdeg > 180000000) this.lonUdeg -= 360000000
        const fix: Numbered = {
            index: this.index,
            timeDs: this.timeDs,
            latUdeg: this.latUdeg,
            lonUdeg: this.lonUdeg,
        }
        this.index++
        const speed = Math.floor(Math.abs(this.north) + Math.abs(this.east))
        if (this.seed % 3 > 0) fix.speedDmps = speed
        if (this.seed % 3 > 1) fix.courseDeg = Math.floor(this.random() * 360)
        return fix
    }

    /** Lehmer's generator (S. Park and K. Miller, 1988): its products are exact in a double. */
    private random(): number {
        const product = this.state * 16807
        this.state = product - Math.floor(product / 2147483647) * 2147483647
        return this.state / 2147483647
    }
}
