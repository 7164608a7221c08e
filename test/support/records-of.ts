import type { OutboxRecord, RecordList } from "../../firmware/logic/record-list.js"

/** All that waits in an outbox, oldest first, whatever goes out first. */
export function recordsOf({ list }: { list: RecordList }): OutboxRecord[] {
    return Array.from({ length: list.count }, (_, position) => list.recordAt(position))
}
