// A queue of commands that is asked at every record of every device, and changes a few times a day:
// what a device has open and what was last said of its mandate stays in memory between two changes.
// Only this process writes the file, and all of its writes pass here.

import type { UnixMs } from "../../../protocol/units.js"
import type {
    CommandAnswer,
    CommandQueue,
    NewCommand,
    Over,
    QueuedCommand,
    Telling,
} from "./ports.js"

/** Lists that are kept, two for each device that was heard; past these all are read anew. */
export const LISTS_MAX = 100_000

export class RememberedQueue implements CommandQueue {
    private readonly lists = new Map<string, QueuedCommand[]>()

    constructor(private readonly queue: CommandQueue) {}

    open(deviceId: string): QueuedCommand[] {
        return this.remembered(`open ${deviceId}`, () => this.queue.open(deviceId))
    }
    newestOf(deviceId: string, order: number, count: number): QueuedCommand[] {
        const read = () => this.queue.newestOf(deviceId, order, count)
        return this.remembered(`newest ${order} ${count} ${deviceId}`, read)
    }

    ask(command: NewCommand): QueuedCommand {
        return this.changed(() => this.queue.ask(command))
    }
    approve(id: number, approvedBy: string, atMs: UnixMs): boolean {
        return this.changed(() => this.queue.approve(id, approvedBy, atMs))
    }
    add(command: NewCommand): QueuedCommand {
        return this.changed(() => this.queue.add(command))
    }
    noteTold(id: number, telling: Telling): void {
        this.changed(() => this.queue.noteTold(id, telling))
    }
    expire(over: readonly Over[]): void {
        if (over.length > 0) this.changed(() => this.queue.expire(over))
    }
    noteAnswer(id: number, answer: CommandAnswer): boolean {
        return this.changed(() => this.queue.noteAnswer(id, answer))
    }

    asked(deviceId: string): QueuedCommand[] {
        return this.queue.asked(deviceId)
    }
    under(deviceId: string, mandateIds: readonly string[] | null, count: number): QueuedCommand[] {
        return this.queue.under(deviceId, mandateIds, count)
    }
    toldAs(deviceId: string, session: number, counter: number): { id: number; salt: string }[] {
        return this.queue.toldAs(deviceId, session, counter)
    }
    command(id: number): QueuedCommand | undefined {
        return this.queue.command(id)
    }
    cursor(): number {
        return this.queue.cursor()
    }
    moveCursor(uplinkId: number): void {
        this.queue.moveCursor(uplinkId)
    }

    private remembered(name: string, read: () => QueuedCommand[]): QueuedCommand[] {
        const known = this.lists.get(name)
        if (known) return known
        const list = read()
        if (this.lists.size >= LISTS_MAX) this.lists.clear()
        this.lists.set(name, list)
        return list
    }
    /** Whatever comes of it: a write that failed may have happened. */
    private changed<Result>(write: () => Result): Result {
        this.lists.clear()
        return write()
    }
}
