// The drive that the tracker makes in the system tests: the recorded one through central Nagoya, or
// a synthetic one of the same length where that is absent.

import { readFileSync } from "node:fs"
import {
    type ParsedTrack,
    parseTrack,
    type TrackRow,
} from "../../gateway/core/replay/parse-track.js"
import { replay } from "../../gateway/core/replay/replay.js"
import type { FenceShape } from "../../protocol/live.js"
import { metres } from "../../protocol/units.js"
import type { NavSolution } from "../../simulator/chips/ubx-frame.js"
import { type TrackSample, trackSky } from "../../simulator/fleet/track-sky.js"
import { sharedData } from "./shared-data.js"
import { syntheticDrive } from "./synthetic-drive.js"

const RECORDED = "truth-car-nagoya-2023/track_spp_1hz.csv"
export const DRIVE_S = 1230

export interface Drive {
    samples: TrackSample[]
    fromMs: number
    toMs: number
    /** A place that the drive enters once and leaves once. */
    fence: FenceShape
}

export function recordedDrive(): Drive {
    const path = sharedData(RECORDED)
    if (!path) console.log(`shared data absent: a synthetic drive instead of ${RECORDED}`)
    const rows = path
        ? parseTrack(readFileSync(path, "utf8"), path).rows
        : syntheticDrive(2023, DRIVE_S).fixes
    return {
        samples: rows.map(sampleOf),
        fromMs: rows[0]!.atMs,
        toMs: rows.at(-1)!.atMs,
        fence: placeCrossedOnce(rows),
    }
}

/** What the receiver says at each sample. */
export function solutionsOf(drive: Drive): NavSolution[] {
    const sky = trackSky(drive.samples)
    return drive.samples.map(({ atMs }) => sky(atMs)!)
}

function sampleOf(row: TrackRow): TrackSample {
    return { ...row, accuracyM: row.hdopOrAccuracyM ?? 5 }
}

/**
 * A circle of 60 m around a point of the drive that the replayed track enters once and leaves once,
 * searched outward from the middle. Found by `burr replay`'s own code on the host: what the device
 * and the wire add must not change it.
 */
function placeCrossedOnce(rows: readonly TrackRow[]): FenceShape {
    const track: ParsedTrack = { name: "drive", accuracy: "m", rows: [...rows] }
    const middle = rows.length >> 1
    for (let step = 0; step < middle; step += 5) {
        const { latDeg, lonDeg } = rows[middle + (step % 2 === 0 ? step : -step)]!
        const shape: FenceShape = {
            type: "circle",
            center: { latDeg, lonDeg },
            radiusM: metres(60),
        }
        const fences = [{ id: "gate", name: "gate", shape }]
        const alerts = [...replay({ tracks: [track], fences })].filter(
            (one) => one.type === "alert",
        )
        if (alerts.map(({ kind }) => kind).join() === "enter,exit") return shape
    }
    throw new Error("the drive crosses no place exactly once")
}
