// What the chip draws, in microamperes at 3.3 V and 25 °C, typical. Modelled: none was measured on a
// board. Source: ESP32-C3 series data sheet v1.4, section "Current Consumption"; active mode for the
// radio, modem-sleep with all peripheral clocks on for the processor. ESP-IDF runs a C3 at 160 MHz
// unless told otherwise; its idle loop is counted as running, which errs to the safe side.

export interface ChipCurrents {
    /** Processor at 160 MHz, radio off. */
    runningUa: number
    /** The same at 80 MHz: what a runtime that lowered its clock would draw. */
    running80Ua: number
    /** On top of the processor: the receiver on without a pause. */
    receivingUa: number
    /** On top of the processor: 802.11n at full power. */
    sendingUa: number
    /** On top of the processor: joined, waking for every beacon. */
    dozingUa: number
    /** Deep sleep with the timer on. */
    deepSleepUa: number
    /** Supply current at its highest, which the battery must bear. */
    peakUa: number
}

const RUNNING_UA = 28_000
const RECEIVE_UA = 84_000
const SEND_UA = 276_000
/** ESP-IDF's default power save: awake 5 ms of each beacon interval of 102.4 ms. Modelled. */
const BEACON_SHARE = 5 / 102.4

export const ESP32_C3: ChipCurrents = {
    runningUa: RUNNING_UA,
    running80Ua: 22_000,
    receivingUa: RECEIVE_UA - RUNNING_UA,
    sendingUa: SEND_UA - RUNNING_UA,
    dozingUa: (RECEIVE_UA - RUNNING_UA) * BEACON_SHARE,
    deepSleepUa: 5,
    peakUa: 335_000,
}

/** Time on the air of a TCP segment with its head, its acknowledgement and the waits between. */
export function airMs(bytes: number): number {
    return (
        SEGMENT_MS * Math.max(1, Math.ceil(bytes / SEGMENT_BYTES)) + (bytes * 8) / RATE_BITS_PER_MS
    )
}
const SEGMENT_BYTES = 1436
const SEGMENT_MS = 1
/** 6 Mbit/s: the slowest of 802.11g, as at the edge of a network's reach. */
const RATE_BITS_PER_MS = 6000
