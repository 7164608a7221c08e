// The status that goes out with every sign of life.

import type { Instant } from "../../protocol/body.js"
import { encodeStatus, STATUS_HASH_BYTES } from "../../protocol/status.js"
import type { Energy } from "./energy.js"
import { chargePercent } from "./fuel-gauge.js"

export interface StatusParts {
    instant: Instant
    /** 0 where it was not read. */
    batteryMv: number
    /** In 1/256 percent, -1 where it was not read. */
    charge: number
    /** -1 before the first fix of this boot. */
    firstFixDs: number
    queued: number
    thinned: number
    boots: number
    resetCause: number
    programHash: Buffer
    profile: number
    faults: number
}

const DAY_S = 86400
const FIRST_FIX_MAX_DS = 864000

/** The body. The energy meter's times count anew from here on. */
export function statusBody(energy: Energy, parts: StatusParts): Buffer {
    const times = energy.takeTimes()
    const forecast = energy.forecast()
    const leftS = forecast === undefined ? -1 : Math.max(0, forecast.endS - energy.atS())
    return encodeStatus({
        kind: "status",
        instant: parts.instant,
        batteryMv: parts.batteryMv > 0 ? parts.batteryMv : undefined,
        chargePercent: parts.charge >= 0 ? chargePercent(parts.charge) : undefined,
        drawnMah: energy.drawnMah(),
        meteredS: times.meteredS,
        radioS: times.radioS,
        gnssS: times.receiverS,
        firstFixDs:
            parts.firstFixDs >= 0 ? Math.min(parts.firstFixDs, FIRST_FIX_MAX_DS) : undefined,
        queued: parts.queued,
        thinned: parts.thinned,
        boots: parts.boots,
        resetCause: parts.resetCause,
        programHash: parts.programHash.slice(0, STATUS_HASH_BYTES),
        profile: parts.profile,
        level: energy.level(),
        daysLeft: leftS < 0 ? undefined : Math.min(36525, Math.floor(leftS / DAY_S)),
        daysLeftSpread:
            forecast === undefined
                ? undefined
                : Math.min(36525, Math.ceil(forecast.spreadS / DAY_S)),
        faults: parts.faults,
    })
}
