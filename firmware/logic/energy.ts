// The tracker's purse: what was drawn, what may be, and the profile that follows. It ties meter,
// governor and forecast together and keeps each one's memory.

import {
    believedUas,
    drawnMah,
    metered,
    outlookOf,
    plannableUas,
    timesToTell,
    told,
    withGauge,
} from "./energy-meter.js"
import { noUse, RADIO_STARTS_MS } from "./energy-model.js"
import { type Forecast, forecastEnd, noteDrawn } from "./forecast.js"
import { endLive, GovernorLevel, govern, governedProfile, orderLive } from "./governor.js"
import type { Mission } from "./mission.js"
import type { Orders } from "./orders.js"
import { profileInForce } from "./orders-in-force.js"
import type { Profile } from "./profile.js"
import { overridesFault, withOverrides } from "./profile.js"
import type { Sense } from "./sense.js"
import type { TrackerMemory } from "./tracker-memory.js"

/** Of ROM and boot loader: the clock of a boot begins behind them. */
const LOADER_MS = 350
const RADIO_UPTIME_MS = RADIO_STARTS_MS - LOADER_MS
/** Often enough for a bucket of days. */
const GOVERN_EVERY_S = 600
/**
 * Under the load of a waking radio: by BatteryKind. Two lithium AA cells stand at 2.9 V for most of
 * their life and fall fast below 2.6 V; a thionyl chloride cell stands at 3.5 V and falls below 3.2 V.
 */
const LOW_MV: number[] = [2600, 3200]
const LOW_MARGIN_MV = 150

export class Energy {
    private usedToMs = 0
    private governedAtS = -1

    constructor(
        private memory: TrackerMemory,
        private mission: Mission,
    ) {}

    /** Takes in what ran since the tick before; the receiver as it has been. */
    note(used: Sense, atS: number, isReceiverOn: boolean, isTracking: boolean): void {
        const memory = this.memory
        const fromMs = this.usedToMs
        const elapsedMs = used.uptimeMs - fromMs
        this.usedToMs = used.uptimeMs
        const use = noUse()
        // The boot loader runs before the clock of this boot does.
        use.awakeMs = elapsedMs + (fromMs === 0 ? LOADER_MS : 0)
        // From its start on the platform has no way to switch the radio off but sleep.
        use.radioMs = Math.max(0, used.uptimeMs - Math.max(fromMs, RADIO_UPTIME_MS))
        if (isReceiverOn) {
            if (isTracking) use.trackMs = elapsedMs
            else use.searchMs = elapsedMs
        }
        use.joins = used.joins
        use.messages = used.messages
        memory.meter = metered(memory.meter, this.mission, use, atS)
        if (used.charge >= 0) memory.meter = withGauge(memory.meter, this.mission, used.charge)
    }

    /** The level that was entered just now, or -1. */
    govern(atS: number): number {
        const memory = this.memory
        const mission = this.mission
        if (this.governedAtS >= 0 && atS - this.governedAtS < GOVERN_EVERY_S) return -1
        this.governedAtS = atS
        const notes = memory.notes
        const modelUas = memory.meter.modelUas
        const drawnByModel = Math.max(0, modelUas - notes.meteredUas)
        notes.meteredUas = modelUas
        // What the gauge corrects of the past is no use of today.
        const governed = govern(
            memory.governor,
            mission,
            atS,
            believedUas(memory.meter, mission, drawnByModel),
            plannableUas(memory.meter, mission),
        )
        memory.governor = governed.governor
        const isGoverned = memory.governor.level !== GovernorLevel.full
        memory.forecaster = noteDrawn(memory.forecaster, atS, drawnByModel, isGoverned)
        return governed.changes.length === 0 ? -1 : memory.governor.level
    }

    /** What the tracker is to do: as ordered, else as the bench chose, and no more than it can pay. */
    profile(bench: Profile, orders: Orders, utcS: number): Profile {
        const memory = this.memory
        this.grantLive(orders, utcS)
        if (memory.governor.liveUntilS >= 0) return profileInForce(orders, utcS)
        return governedProfile(ordinary(bench, orders), memory.governor.level)
    }

    isLow(batteryMv: number): boolean {
        const notes = this.memory.notes
        const lowMv = LOW_MV[Math.min(this.mission.battery, LOW_MV.length - 1)]
        if (batteryMv <= 0) return false
        if (batteryMv > lowMv + LOW_MARGIN_MV) notes.isBatteryLow = 0
        if (batteryMv >= lowMv || notes.isBatteryLow === 1) return false
        notes.isBatteryLow = 1
        return true
    }

    level(): number {
        return this.memory.governor.level
    }
    drawnMah(): number {
        return drawnMah(this.memory.meter, this.mission)
    }
    /** When the battery will be empty; undefined in the first days. */
    forecast(): Forecast | undefined {
        const outlook = outlookOf(this.memory.meter, this.mission)
        return forecastEnd(this.memory.forecaster, this.mission, outlook)
    }
    /** Seconds metered since the last status; from here on they count anew. */
    takeTimes(): { meteredS: number; radioS: number; receiverS: number } {
        const times = timesToTell(this.memory.meter)
        this.memory.meter = told(this.memory.meter, times)
        return times
    }
    atS(): number {
        return this.memory.meter.atS
    }

    /** An order for `live` is asked of the governor once, and ends when it is taken back. */
    private grantLive(orders: Orders, utcS: number): void {
        const memory = this.memory
        const notes = memory.notes
        if (orders.liveUntilS < 0) {
            if (notes.liveOrderS >= 0) memory.governor = endLive(memory.governor)
            notes.liveOrderS = -1
            return
        }
        if (utcS < 0 || notes.liveOrderS === orders.liveUntilS) return
        notes.liveOrderS = orders.liveUntilS
        const untilS = memory.governor.atS + orders.liveUntilS - utcS
        const plannable = plannableUas(memory.meter, this.mission)
        memory.governor = orderLive(memory.governor, this.mission, untilS, plannable).governor
    }
}

/** The profile without any order for `live`. */
function ordinary(bench: Profile, orders: Orders): Profile {
    if (orders.profile >= 0) return profileInForce(orders, -1)
    // Orders are kept only while they are in range.
    if (overridesFault(orders.overrides) !== undefined) return bench
    return withOverrides(bench, orders.overrides)
}
