// What a fix costs in packed batches: the goals on recorded tracks, and on seeded drives where no
// recorded track is at hand. `npx tsx bench/codec-sizes.ts` prints every figure.

import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { describe, expect, it } from "vitest"
import { bodyBytesPerFix, drive, mean, SCENARIOS, SIX, trackOf } from "../../bench/codec-sizes.js"
import { parseTrack } from "../../gateway/core/replay/parse-track.js"
import { profileNumber, profileOf } from "../../protocol/pack/profile.js"
import { sharedData } from "../support/shared-data.js"

/** Bounds of the seeded drives, which are as noisy as a town: 1e-5 degree and 1e-6. */
const DRIVES: [number, number][] = [
    [3.9, 4.7],
    [5.7, 6.4],
    [4.4, 5.2],
    [5.2, 6.1],
]

const recorded = SIX.flatMap((file) => {
    const path = sharedData(file)
    if (path === undefined) return []
    return [trackOf(parseTrack(readFileSync(path, "utf8"), basename(path, ".csv")))]
})
const isRecorded = recorded.length === SIX.length
const tracks = isRecorded ? recorded : [1, 2, 3].map(drive)

describe.each([
    ["1e-5", false],
    ["1e-6", true],
])("a fix to %s degree in a packed batch", (_, finePosition) => {
    it.each(SCENARIOS.map((scenario, index) => ({ ...scenario, index })))(
        "stays within its bytes: $name",
        (scenario) => {
            const at = finePosition ? 1 : 0
            const most = isRecorded ? scenario.goal[at] : DRIVES[scenario.index]![at]
            for (const reception of [false, true]) {
                const choice = { finePosition, fineTime: false, reception }
                const profile = profileOf(profileNumber({ ...choice, auxiliary: "standard" }))!
                const each = tracks.map((track) => bodyBytesPerFix(track, profile, scenario)!)
                expect(mean(each)).toBeLessThanOrEqual(most + (!isRecorded && reception ? 0.5 : 0))
            }
        },
    )
})
