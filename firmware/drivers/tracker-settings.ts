// What the bench has told a tracker, from the board's settings store.

import { readSetting } from "@devicescript/settings"
import { BATTERIES, BatteryKind } from "../logic/energy-model.js"
import { type Mission, missionFault, newMission } from "../logic/mission.js"
import { PROFILE_DEFAULT, type Profile, profileOf, withOverrides } from "../logic/profile.js"

export interface TrackerSettings {
    /** What it does until an order says otherwise. */
    profile: Profile
    mission: Mission
    /** The accelerometer's interrupt pulses the board's reset. */
    canWake: boolean
    /** The chip's number of the pin at the receiver's EXTINT; -1 where none is wired. */
    wakePin: number
}

const DAY_S = 86400

/** What is out of range is told on the console log, and its default holds. */
export async function readTrackerSettings(): Promise<TrackerSettings> {
    return {
        profile: await readProfile(),
        mission: await readMission(),
        canWake: (await readSetting<number>("motionwake", 0)) === 1,
        wakePin: await readSetting<number>("wakepin", -1),
    }
}

async function readProfile(): Promise<Profile> {
    const number = await readSetting<number>("profile", PROFILE_DEFAULT)
    const holdMs = await readSetting<number>("hold", -1)
    const chosen = profileOf(number)
    if (chosen === undefined) console.log(`settings: profile: ${number}, expected 1 to 4`)
    const profile = chosen === undefined ? profileOf(PROFILE_DEFAULT) : chosen
    const held = withOverrides(profile, {
        liveBoundM: -1,
        historyBoundM: -1,
        holdS: holdMs < 0 ? -1 : Math.floor(holdMs / 1000),
        heartbeatS: -1,
    })
    // A profile has no kind, and a reject has.
    const fault = held as { kind?: string; reason?: string }
    if (fault.kind !== "reject") return held as Profile
    console.log(`settings: ${fault.reason}`)
    return profile
}

async function readMission(): Promise<Mission> {
    const battery = await readSetting<number>("battery", BatteryKind.twoAaLithium)
    const isKnown = battery >= 0 && battery < BATTERIES.length
    if (!isKnown)
        console.log(`settings: battery: ${battery}, expected 0 to ${BATTERIES.length - 1}`)
    const kind = isKnown ? battery : BatteryKind.twoAaLithium
    const mission = newMission(kind)
    const days = await readSetting<number>("days", -1)
    if (days >= 0) mission.endS = days * DAY_S
    mission.capacityMah = await readSetting<number>("capacity", mission.capacityMah)
    // What a measured board draws for each 1,000 of the model, and how sure that is (docs/tracker.md).
    mission.scalePermille = await readSetting<number>("scale", mission.scalePermille)
    mission.doubtPermille = await readSetting<number>("doubt", mission.doubtPermille)
    const fault = missionFault(mission)
    if (fault === undefined) return mission
    console.log(`settings: ${fault}`)
    return newMission(kind)
}
