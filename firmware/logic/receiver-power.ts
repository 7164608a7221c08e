// Switching a u-blox receiver off and restarting it. RXM-PMREQ puts it into software standby: some
// 40 uA (M10, data sheet), clock and orbits kept, the bus dead. **I2C does not wake it.** What does is the
// end of the duration, or an edge on EXTINT (or UART RX): a board either wires EXTINT, or the tracker asks
// for as long as it means to sleep itself. Neither message is acknowledged.

import { ReceiverKind } from "./receiver-setup.js"
import { ubxFrame } from "./ubx.js"

const CLASS_CFG = 0x06
const CFG_RST = 0x04
const CLASS_RXM = 0x02
const RXM_PMREQ = 0x41
const BACKUP = 2
const FORCE = 4
const WAKE_UARTRX = 8
const WAKE_EXTINT0 = 32
/** The longest duration that the receiver takes is 12 days; it then wakes by itself. */
export const STANDBY_MAX_S = 12 * 86400

/**
 * The frame that switches the receiver off for `forS` seconds, 0 for until a pin wakes it. M8 and
 * before take the short form, in which EXTINT0 and UART RX wake as well.
 */
export function standbyFrame(kind: ReceiverKind, forS: number): Buffer {
    const ms = Math.min(forS, STANDBY_MAX_S) * 1000
    const duration = [ms & 255, (ms >> 8) & 255, (ms >> 16) & 255, (ms >> 24) & 255]
    if (kind === ReceiverKind.former)
        return ubxFrame(CLASS_RXM, RXM_PMREQ, [...duration, BACKUP, 0, 0, 0])
    return ubxFrame(CLASS_RXM, RXM_PMREQ, [
        ...[0, 0, 0, 0],
        ...duration,
        ...[BACKUP | FORCE, 0, 0, 0],
        ...[WAKE_UARTRX | WAKE_EXTINT0, 0, 0, 0],
    ])
}

/** A hardware reset at once that keeps orbits, position and clock: a hot start. */
export function resetFrame(): Buffer {
    return ubxFrame(CLASS_CFG, CFG_RST, [0, 0, 0, 0])
}
