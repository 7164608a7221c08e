// What the bench has told a tracker, from the board's settings store.

import { readSetting } from "@devicescript/settings"
import { BATTERIES, BatteryKind } from "../logic/energy-model.js"
import { type Mission, missionFault, newMission } from "../logic/mission.js"
import {
    newOverrides,
    overridesFault,
    PROFILE_DEFAULT,
    type Profile,
    profileOf,
    withOverrides,
} from "../logic/profile.js"
import { say } from "./runtime.js"

export interface TrackerSettings {
    /** What it does until an order says otherwise. */
    profile: Profile
    mission: Mission
    /** The accelerometer's interrupt pulses the board's reset. */
    canWake: boolean
    /** The chip's number of the pin at the receiver's EXTINT; -1 where none is wired. */
    wakePin: number
    /** The board is to be tested before it is sealed. */
    wantsSelfTest: boolean
}

const DAY_S = 86400

/** What is out of range is told on the console log, and its default holds. */
export async function readTrackerSettings(): Promise<TrackerSettings> {
    return {
        profile: await readProfile(),
        mission: await readMission(),
        canWake: (await readSetting<number>("motionwake", 0)) === 1,
        wakePin: await readSetting<number>("wakepin", -1),
        wantsSelfTest: (await readSetting<number>("selftest", 0)) === 1,
    }
}

async function readProfile(): Promise<Profile> {
    const number = await readSetting<number>("profile", PROFILE_DEFAULT)
    const holdMs = await readSetting<number>("hold", -1)
    const chosen = profileOf(number)
    if (chosen === undefined) say(`settings: profile: ${number}, expected 1 to 4`)
    const profile = chosen === undefined ? profileOf(PROFILE_DEFAULT) : chosen
    const overrides = newOverrides()
    if (holdMs >= 0) overrides.holdS = Math.floor(holdMs / 1000)
    const fault = overridesFault(overrides)
    if (fault === undefined) return withOverrides(profile, overrides)
    say(`settings: ${fault}`)
    return profile
}

async function readMission(): Promise<Mission> {
    const battery = await readSetting<number>("battery", BatteryKind.twoAaLithium)
    const isKnown = battery >= 0 && battery < BATTERIES.length
    if (!isKnown) say(`settings: battery: ${battery}, expected 0 to ${BATTERIES.length - 1}`)
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
    say(`settings: ${fault}`)
    return newMission(kind)
}
