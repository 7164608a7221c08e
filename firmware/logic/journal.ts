// From fixes and bodies to sealed records: what is accepted goes into the log, from there into
// batches, and each batch becomes a record of the queue. The log forgets a fix only after the record
// that has it is kept.

import type { Ack } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"
import type { Fix } from "../../protocol/fix.js"
import type { FixLog } from "./fix-log.js"
import type { Outbox } from "./outbox.js"
import { Reporter } from "./reporter.js"
import type { Session } from "./session.js"
import type { SessionMemory } from "./session-memory.js"

export class Journal {
    /** Fixes that neither log nor queue could take. */
    dropped = 0
    private reporter: Reporter

    /** The session is open. */
    constructor(
        private session: Session,
        private memory: SessionMemory,
        private outbox: Outbox,
        log: FixLog,
    ) {
        this.reporter = new Reporter(log, memory.nextFix)
    }

    /** Fixes that are in no record yet. */
    kept(): number {
        return this.reporter.waiting()
    }

    async keep(fix: Fix, breathe: () => Promise<void>): Promise<void> {
        if (this.reporter.isFull()) await this.seal(breathe)
        if (!this.reporter.add(fix)) this.dropped++
        else await this.pack(breathe)
    }

    /** The answer is the record's number. */
    post(type: number, body: Buffer): number {
        return this.session.post(type, body)
    }

    /** What waits in the log becomes records now. */
    async seal(breathe: () => Promise<void>): Promise<void> {
        this.reporter.due()
        await this.pack(breathe)
    }

    /** The gateway holds what the ack names. */
    held(ack: Ack): void {
        this.reporter.noteHeld(ack)
    }

    /** The connection is gone. */
    lost(): void {
        this.reporter.forgetBase()
    }

    /** A body that could not be sealed is none: its fixes wait in the log as before. */
    private sealed(body: Buffer): number {
        try {
            return this.session.post(MessageType.telemetry, body)
        } catch (e) {
            this.reporter.takeBack(this.memory.nextFix)
            throw e
        }
    }

    /** Records of what is full or due; `breathe` lets other fibers run in between. */
    private async pack(breathe: () => Promise<void>): Promise<void> {
        const { reporter, memory } = this
        while (true) {
            const closed = reporter.next(this.outbox.thinned)
            if (closed !== undefined) {
                const seq = this.sealed(closed.body)
                reporter.noteSealed(memory.counter, seq, closed.tail)
                memory.nextFix = reporter.closedFixes
                memory.save()
            } else if (!reporter.hasMore()) return
            await breathe()
        }
    }
}
