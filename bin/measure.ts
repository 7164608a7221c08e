// `burr measure`: bytes per fix of recorded tracks, in every format, each fix compared with what came
// back; or, with --energy, what a day with such a track draws from the battery.

import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { InputError } from "../gateway/core/input-error.js"
import { parseTrack } from "../gateway/core/replay/parse-track.js"
import { BATCH_FIXES_MAX } from "../protocol/fix.js"
import { codecsNamed, THINNED_CODECS } from "./measure/codecs.js"
import { energyText, type MeasuredEnergy, measureEnergy } from "./measure/energy.js"
import { measureBatches, measurePeers, thinnedTo } from "./measure/measure-track.js"
import { type Measured, type MeasuredTrack, meanOf, thinnedSummary } from "./measure/measured.js"
import { measuredFixes } from "./measure/measured-fix.js"
import { measuredText } from "./measure/tables.js"
import { thinTrack } from "./measure/thin-track.js"

export interface MeasureFlags {
    batch?: string
    profile?: string
    every?: string
    live?: string
    history?: string
    /** A profile of the tracker: charge is measured, not bytes. */
    energy?: string
    json?: boolean
}

export function measureCommand(files: string[], flags: MeasureFlags): void {
    if (flags.energy !== undefined) {
        const energy = energyOf(files, flags)
        process.stdout.write(
            flags.json === true ? `${JSON.stringify(energy)}\n` : energyText(energy),
        )
        return
    }
    const measured = measure(files, flags)
    if (flags.json === true) process.stdout.write(`${JSON.stringify(measuredJson(measured))}\n`)
    else process.stdout.write(measuredText(measured))
}

/** Throws InputError for what cannot be used, Error when a fix comes back as another. */
export function measure(files: readonly string[], flags: MeasureFlags): Measured {
    const sizes = batchSizes(flags.batch ?? "1,10,50")
    const codecs = codecsNamed(flags.profile)
    const everyS = positive("every", flags.every, "seconds")
    const liveM = positive("live", flags.live, "metres")
    const historyM = positive("history", flags.history, "metres")
    const thinnedCodecs = flags.profile === undefined ? THINNED_CODECS : codecs
    const isThinned = liveM !== undefined || historyM !== undefined
    const tracks = files.map((file): MeasuredTrack => {
        const recorded = measuredFixes(parseTrack(readTrack(file), file))
        const fixes = everyS === undefined ? recorded : thinnedTo(recorded, everyS * 1000)
        const name = basename(file)
        return {
            file: name,
            fixes: fixes.length,
            spanS: (fixes.at(-1)!.atMs - fixes[0]!.atMs) / 1000,
            batches: sizes.flatMap((n) =>
                codecs.map((codec) => measureBatches(fixes, n, codec, name)),
            ),
            peers: sizes.flatMap((n) => measurePeers(fixes, n)),
            thinned: isThinned
                ? thinnedCodecs.map((codec) => thinTrack(fixes, { liveM, historyM }, codec, name))
                : undefined,
        }
    })
    return {
        tracks,
        mean: meanOf(tracks.map(({ batches }) => batches)),
        peerMean: meanOf(tracks.map(({ peers }) => peers)),
        thinned: isThinned ? thinnedSummary(tracks) : undefined,
        codecs,
        bounds: { liveM, historyM },
    }
}

/**
 * The charge of a day with each track under the profile that `energy` names. Throws InputError for
 * what cannot be used, and for flags that speak of bytes.
 */
export function energyOf(files: readonly string[], flags: MeasureFlags): MeasuredEnergy {
    const { energy = "", profile, every, live, history } = flags
    for (const [name, given] of Object.entries({ profile, every, live, history }))
        if (given !== undefined)
            throw new InputError(
                `${name} is "${given}", expected none beside energy: a tracker's profile has its own`,
            )
    const tracks = files.map((file) => ({
        file: basename(file),
        fixes: measuredFixes(parseTrack(readTrack(file), file)),
    }))
    return measureEnergy(tracks, energy)
}

/** Peers and names are for people: what programs read has the stable keys of our own figures. */
export function measuredJson({ tracks, mean, thinned }: Measured): object {
    const named = <Row extends { name: string }>({ name: _, ...figures }: Row) => figures
    return {
        tracks: tracks.map(({ peers: _, batches, thinned, ...track }) => ({
            ...track,
            batches: batches.map(named),
            thinned: thinned?.map(named),
        })),
        mean: mean.map(named),
        thinned,
    }
}

function batchSizes(text: string): number[] {
    return text.split(",").map((part) => {
        const n = Number(part)
        if (/^\s*\d+\s*$/.test(part) && n >= 1 && n <= BATCH_FIXES_MAX) return n
        throw new InputError(
            `batch is "${part}", expected fixes in a batch, 1 to ${BATCH_FIXES_MAX}, as 1,10,50`,
        )
    })
}

function positive(name: string, text: string | undefined, unit: string): number | undefined {
    if (text === undefined) return undefined
    const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN
    if (value > 0) return value
    throw new InputError(`${name} is "${text}", expected a number of ${unit} above 0`)
}

function readTrack(file: string): string {
    try {
        return readFileSync(file, "utf8")
    } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
        throw new InputError(`track: cannot read "${file}" (${reason}), expected a CSV file`)
    }
}
