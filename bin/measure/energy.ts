// `burr measure --energy PROFILE`: asks energy-day.ts about each track, and prints what it says.

import { PROFILES, type Profile } from "../../firmware/logic/profile.js"
import { InputError } from "../../gateway/core/input-error.js"
import { type BatteryLife, type EnergyDay, energyDay } from "./energy-day.js"
import type { MeasuredFix } from "./measured-fix.js"

export interface EnergyTrack extends EnergyDay {
    file: string
    spanS: number
}

export interface MeasuredEnergy {
    profile: string
    tracks: EnergyTrack[]
}

const NAME_WIDTH = 26
const CELL_WIDTH = 10

export function measureEnergy(
    tracks: readonly { file: string; fixes: readonly MeasuredFix[] }[],
    profileName: string,
): MeasuredEnergy {
    const profile = profileNamed(profileName)
    return {
        profile: profile.name,
        tracks: tracks.map(({ file, fixes }) => ({
            file,
            spanS: (fixes.at(-1)!.atMs - fixes[0]!.atMs) / 1000,
            ...energyDay(fixes, profile),
        })),
    }
}

export function energyText({ profile, tracks }: MeasuredEnergy): string {
    const head = ["mcu", "radio", "receiver", "sleep", "all"].map((cell) =>
        cell.padStart(CELL_WIDTH),
    )
    const lines = [
        `profile ${profile}, modelled: mAh a day at the 3.3 V rail, the track once and parked for the rest`,
        `  ${"".padEnd(NAME_WIDTH)}${head.join("")}`,
        ...tracks.flatMap((track) => trackLines(track)),
        "Nothing here was measured on hardware: the currents and their sources stand in",
        "firmware/logic/energy-model.ts. A life ends when the usable share of the battery is drawn.",
    ]
    return `${lines.join("\n")}\n`
}

function trackLines(track: EnergyTrack): string[] {
    const { mcu, radio, receiver, sleep, all } = track.mahPerDay
    const cells = [mcu, radio, receiver, sleep, all].map((mah) =>
        mah.toFixed(2).padStart(CELL_WIDTH),
    )
    return [
        track.file,
        `  ${"mAh a day".padEnd(NAME_WIDTH)}${cells.join("")}`,
        `  ${(track.movingS / 3600).toFixed(2)} h on the way, ${track.fixes.toFixed(0)} fixes, ` +
            `${track.windows.toFixed(0)} windows, ${track.messages.toFixed(0)} messages`,
        ...track.life.map((life) => `  ${lifeText(life)}`),
    ]
}

function lifeText({ battery, capacityMah, mahPerDay, days }: BatteryLife): string {
    return `${battery} (${capacityMah} mAh): ${mahPerDay.toFixed(2)} mAh a day, ${days.toFixed(0)} days`
}

function profileNamed(name: string): Profile {
    const found = PROFILES.find((profile) => profile.name === name.trim())
    if (found !== undefined) return found
    const names = PROFILES.map((profile) => profile.name).join(", ")
    throw new InputError(`energy is "${name}", expected one of ${names}`)
}
