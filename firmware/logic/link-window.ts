// When to be connected. A tracker that sleeps opens a window when something is due, drains what waits
// and closes it; one that stays awake keeps it open. A window that nobody answers is closed, and the
// next one waits (heartbeat.ts).

import { type Heartbeat, heartbeatAtS, uploadAtS, type Waiting, windowEnded } from "./heartbeat.js"
import type { Profile } from "./profile.js"

/** From the wake to the first ack: join 4 s, connect, hello; an overdue answer is 15 s. */
const SILENT_MS = 60000
/** A queue of weeks drains in minutes. A gateway that keeps acknowledging nothing new ends here. */
const LONGEST_MS = 900000
/** What the gateway has for us comes right after the connection stands. */
const LINGER_MS = 2000

/** What the link says at a tick. */
export interface LinkSense {
    /** Milliseconds of this boot. */
    uptimeMs: number
    atS: number
    isUp: boolean
    /** Acks since the tick before. */
    acks: number
    /** Records that wait for an ack, and fixes that wait to become one. */
    queued: number
    kept: number
}

export interface WindowStep {
    heartbeat: Heartbeat
    /** The window has just been opened for a sign of life. */
    isLifeDue: boolean
    /** A window has just ended in which the gateway answered. */
    isDrained: boolean
}

export class LinkWindow {
    isOpen = false
    /** The gateway has acknowledged something since the window was opened. */
    isHeard = false
    private openedAtMs = 0
    private heardAtMs = 0

    /** Opens, keeps or closes the window. `isAsked`: open it whatever is due. */
    step(
        before: Heartbeat,
        waiting: Waiting,
        profile: Profile,
        link: LinkSense,
        isAsked: boolean,
    ): WindowStep {
        const step: WindowStep = { heartbeat: before, isLifeDue: false, isDrained: false }
        const lifeAtS = heartbeatAtS(before, profile)
        const dueAtS = uploadAtS(before, waiting, profile)
        const isUploadDue = dueAtS >= 0 && link.atS >= dueAtS
        if (!this.isOpen) {
            step.isLifeDue = link.atS >= lifeAtS
            if (profile.staysAwake || isAsked || step.isLifeDue || isUploadDue)
                this.open(link.uptimeMs)
            return step
        }
        if (link.acks > 0) {
            this.isHeard = true
            this.heardAtMs = link.uptimeMs
        }
        if (profile.staysAwake) {
            // Always open: a sign of life is due by the last one, not by the last ack.
            if (link.acks > 0) step.heartbeat = windowEnded(before, link.atS, true)
            return step
        }
        const silentMs = link.uptimeMs - this.heardAtMs
        const isDone = this.isHeard && link.queued === 0 && link.kept === 0
        if (isDone && silentMs >= LINGER_MS) step.isDrained = true
        else if (silentMs < SILENT_MS && link.uptimeMs - this.openedAtMs < LONGEST_MS) return step
        this.isOpen = false
        step.heartbeat = windowEnded(before, link.atS, this.isHeard)
        return step
    }

    private open(uptimeMs: number): void {
        this.isOpen = true
        this.isHeard = false
        this.openedAtMs = uptimeMs
        this.heardAtMs = uptimeMs
    }
}
