// What was measured, for people.

import type { BatchFigures, FormatFigures } from "./measure-track.js"
import type { Measured, MeasuredTrack } from "./measured.js"
import { answerBytes } from "./overhead.js"
import { PEERS } from "./peers.js"
import type { ThinBounds, ThinFigures } from "./thin-track.js"

const NAME_WIDTH = 26
const CELL_WIDTH = 10
const SALT_BYTES = 8

export function measuredText({ tracks, mean, peerMean, thinned, bounds }: Measured): string {
    const lines = tracks.flatMap((track) => [
        `${track.file}: ${track.fixes} fixes in ${track.spanS.toFixed(0)} s`,
        ...bytesTable(track.batches, track.peers),
        ...(track.thinned ?? []).flatMap((figures) => thinLines(track, figures, bounds)),
        "",
    ])
    if (tracks.length > 1) {
        lines.push(`mean of ${tracks.length} tracks, unweighted`, ...bytesTable(mean, peerMean))
        if (thinned?.historyShareMean != null)
            lines.push(`  history keeps ${percent(thinned.historyShareMean)} of the fixes`)
        if (thinned?.reportsOfFilter != null)
            lines.push(
                `  live: ${thinned.reportsOfFilter.toFixed(3)} of the reports of a ` +
                    `${bounds.liveM} m distance filter, pooled over the tracks that move`,
            )
        lines.push("")
    }
    return `${[...lines, ...notes()].join("\n")}\n`
}

function bytesTable(batches: readonly BatchFigures[], peers: readonly FormatFigures[]): string[] {
    const sizes = [...new Set(batches.map(({ n }) => n))]
    const head = ["fixes", "body", "security", "framing", "all"].map((cell) =>
        cell.padStart(CELL_WIDTH),
    )
    return [
        `  ${"bytes a fix".padEnd(NAME_WIDTH)}${head.join("")}`,
        ...sizes.flatMap((n) => [...batches, ...peers].filter((row) => row.n === n).map(bytesRow)),
    ]
}

function bytesRow(row: FormatFigures): string {
    const { bodyBytesPerFix, securityBytesPerFix, framingBytesPerFix } = row
    const all = bodyBytesPerFix + securityBytesPerFix + framingBytesPerFix
    const cells = [bodyBytesPerFix, securityBytesPerFix, framingBytesPerFix, all].map((bytes) =>
        bytes.toFixed(2).padStart(CELL_WIDTH),
    )
    return `  ${row.name.padEnd(NAME_WIDTH)}${String(row.n).padStart(CELL_WIDTH)}${cells.join("")}`
}

function thinLines(track: MeasuredTrack, figures: ThinFigures, bounds: ThinBounds): string[] {
    const lines = [
        `  thinned, ${figures.name}: ` +
            `${figures.sentFixes} fixes sent (${percent(figures.sentFixes / track.fixes)}), ` +
            `${figures.messagesPerHour.toFixed(1)} messages/h, ` +
            `${figures.bytesPerHour.toFixed(0)} bytes/h`,
    ]
    const { worstHistoryErrorM, worstHistoryErrorReceivedM } = figures
    if (worstHistoryErrorM !== null)
        lines.push(
            `    history ${bounds.historyM} m: ${figures.historyFixes} fixes alone ` +
                `(${percent(figures.historyFixes / track.fixes)}), ` +
                errors(worstHistoryErrorM, worstHistoryErrorReceivedM!),
        )
    const { worstLiveErrorM, worstLiveErrorReceivedM } = figures
    if (worstLiveErrorM !== null)
        lines.push(
            `    live ${bounds.liveM} m: ${figures.reports} reports, a distance filter ` +
                `${figures.distanceFilterReports}, ` +
                errors(worstLiveErrorM, worstLiveErrorReceivedM!),
        )
    return lines
}

function errors(recordedM: number, receivedM: number): string {
    return `worst error ${recordedM.toFixed(2)} m, as received ${receivedM.toFixed(2)} m`
}

function notes(): string[] {
    const { puback, ack, ackPuback } = answerBytes(300)
    return [
        "Every field of every fix came back to its quantum. Security: header, seq and tag of",
        `each message; ${SALT_BYTES} bytes more with the salt. Framing: PUBLISH header, topic and packet id.`,
        `Not in the table, for each message: PUBACK ${puback} bytes and a sealed ack of ${ack} bytes to ` +
            `the`,
        `tracker (an ack may name 33 messages), PUBACK ${ackPuback} bytes from it.`,
        ...PEERS.map(({ name, remark }) => `${name}: ${remark}.`),
    ]
}

function percent(share: number): string {
    return `${(100 * share).toFixed(2)} %`
}
