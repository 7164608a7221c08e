// How long does a tracker last? Modelled charge of a day and life on two AA lithium cells and on one
// 19 Ah cell, for each profile: parked all day, on the way all day, and a working day with 75 minutes
// on the way. Prints the table of docs/tracker.md.

import { pathToFileURL } from "node:url"
import { type EnergyDay, energyDay, profileDay } from "../bin/measure/energy-day.js"
import type { MeasuredFix } from "../bin/measure/measured-fix.js"
import { floorUa } from "../firmware/logic/energy-model.js"
import { PROFILES } from "../firmware/logic/profile.js"
import { deg, mps, unixMs } from "../protocol/units.js"

const START_MS = Date.UTC(2030, 0, 7, 7)
const WAY_S = 75 * 60

export async function main(): Promise<void> {
    console.log(`modelled; asleep ${floorUa()} uA at the 3.3 V rail`)
    console.log("modelled charge of a day at the rail, mAh, and life in days")
    console.log(
        "| profile | day | mcu | radio | receiver | sleep | all | two AA lithium | one 19 Ah cell |",
    )
    console.log("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (const profile of PROFILES) {
        row(profile.name, "parked", profileDay(profile, false))
        row(profile.name, "75 minutes on the way", energyDay(wayToWork(), profile))
        row(profile.name, "on the way", profileDay(profile, true))
    }
}

function row(name: string, day: string, { mahPerDay, life }: EnergyDay): void {
    const { mcu, radio, receiver, sleep, all } = mahPerDay
    const charges = [mcu, radio, receiver, sleep, all].map((mah) => mah.toFixed(1))
    const lives = life.map(({ days }) => days.toFixed(days < 10 ? 1 : 0))
    console.log(`| ${[name, day, ...charges, ...lives].join(" | ")} |`)
}

/** One fix a second at 50 km/h, in rounds of a block so that reports are due. */
function wayToWork(): MeasuredFix[] {
    const speed = 14
    return Array.from({ length: WAY_S }, (_, second): MeasuredFix => {
        const turn = (2 * Math.PI * second) / 300
        const radiusDeg = (speed * 300) / (2 * Math.PI) / 111_000
        return {
            atMs: unixMs(START_MS + second * 1000),
            latDeg: deg(47.1 + radiusDeg * Math.sin(turn)),
            lonDeg: deg(9.5 + (radiusDeg * Math.cos(turn)) / Math.cos((47.1 * Math.PI) / 180)),
            speedMps: mps(speed),
            courseDeg: deg((((-turn * 180) / Math.PI) % 360) + 360),
        }
    })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
