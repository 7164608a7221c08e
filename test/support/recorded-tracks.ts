// The six recorded 1 Hz tracks that the wire is measured on, or seeded drives where they are absent.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type ParsedTrack, parseTrack } from "../../gateway/core/replay/parse-track.js"
import { sharedData } from "./shared-data.js"
import { syntheticDrive } from "./synthetic-drive.js"

const MOORED = "boat_moored_amsterdam_hdop_1s"
const MOVING = [
    "car_sirf_sbn13_hdop_1s",
    "cycle_edge810_1s",
    "mixed_mtk_m241_hdop_1s",
    "phone_android_chip_nmea_1s",
    "run_fenix2_1s",
]

export interface RecordedTrack extends ParsedTrack {
    isMoving: boolean
    /** What is asked of the live channel: reports by those of a distance filter at the same bound. */
    liveShareMax: number
}

export function recordedTracks(): RecordedTrack[] {
    const folder = sharedData("tracks")
    if (folder === undefined) return syntheticTracks()
    return [MOORED, ...MOVING].map((name) => {
        const file = join(folder, `${name}.csv`)
        const track = parseTrack(readFileSync(file, "utf8"), file)
        return { ...track, isMoving: name !== MOORED, liveShareMax: 0.25 }
    })
}

/** One fix a second, from the truth of a drive: without course, without speed, with all. */
function syntheticTracks(): RecordedTrack[] {
    return [1, 2, 3].map((seed) => {
        const rows = syntheticDrive(seed, 900).truth.map((point) => ({
            ...point,
            courseDeg: seed > 1 ? point.courseDeg : undefined,
            speedMps: seed > 2 ? point.speedMps : undefined,
            altitudeM: undefined,
            hdopOrAccuracyM: undefined,
            satellites: undefined,
        }))
        // All lights and corners: there is less to foretell than on the recorded roads.
        const asked = { isMoving: true, liveShareMax: 0.4 }
        return { name: `drive ${seed}`, accuracy: "m" as const, rows, ...asked }
    })
}
