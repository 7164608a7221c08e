// How well the receiver hears, and whether something drowns or imitates the satellites. Polled, for it
// is asked seldom. Layouts after the u-blox interface descriptions (M8: UBX-13003221, M10: UBX-21035062):
// NAV-SAT levels, NAV-STATUS and SEC-SIG spoofing, MON-HW (M8) and MON-RF (since M9) jamming.

import type { UbxAnswer } from "./receiver-answers.js"

/** Spoofing, as the receiver judges it. */
export const enum Spoofing {
    unknown = -1,
    none = 0,
    indicated = 1,
    /** By several signs at once. */
    affirmed = 2,
}

export interface ReceiverSignal {
    /** Satellites with a signal; from NMEA, signals. */
    heard: number
    /** Those of them in the solution; -1 where the receiver does not say. */
    used: number
    /** C/N0 of the strongest, in dBHz; 0 when none is heard. */
    bestCn0: number
    /** Of the fourth strongest: a position needs four. 30 and more is good, 20 is hopeless. */
    fourthCn0: number
    /** How sure the receiver is of jamming, 0 to 255, as the event's argument; -1 unknown. */
    jam: number
    spoofing: number
}

export const NAV_STATUS = 0x0103
export const NAV_SAT = 0x0135
export const MON_VER = 0x0a04
export const MON_HW = 0x0a09
export const MON_RF = 0x0a38
export const SEC_SIG = 0x2709

const STRONGEST = 4
const HEARD_MAX = 255
/** The indicator of a continuous wave is 0 to 255; the state speaks of broadband jamming too. */
const JAM_WARNING = 128
const JAM_CRITICAL = 224
const RF_HEAD_BYTES = 4
const RF_BLOCK_BYTES = 24

/** Counts satellites and keeps the strongest four, however many there are. */
export class SignalTally {
    heard = 0
    used = 0
    /** In dBHz, strongest first. */
    private strongest: number[] = []

    /** `cn0` in dBHz; 0 is a satellite that is searched for and not heard. */
    add(cn0: number): void {
        if (cn0 <= 0 || cn0 > HEARD_MAX) return
        if (this.heard < HEARD_MAX) this.heard++
        let lower = cn0
        for (let i = 0; i < this.strongest.length; i++) {
            const here = this.strongest[i]
            if (lower <= here) continue
            this.strongest[i] = lower
            lower = here
        }
        if (this.strongest.length < STRONGEST) this.strongest.push(lower)
    }

    /** C/N0 of the strongest (0) to the fourth (3), 0 where fewer are heard. */
    cn0(rank: number): number {
        return rank < this.strongest.length ? this.strongest[rank] : 0
    }
}

export function newSignal(): ReceiverSignal {
    return { heard: 0, used: -1, bestCn0: 0, fourthCn0: 0, jam: -1, spoofing: Spoofing.unknown }
}

/** What to ask a receiver; the newer messages only where they are known. */
export function signalPolls(isCurrent: boolean): number[] {
    return isCurrent ? [NAV_SAT, NAV_STATUS, MON_RF, SEC_SIG] : [NAV_SAT, NAV_STATUS, MON_HW]
}

/** The signal after one more answer. Where two messages judge the same, the graver counts. */
export function withAnswer(before: ReceiverSignal, answer: UbxAnswer): ReceiverSignal {
    const bytes = answer.bytes
    const signal: ReceiverSignal = {
        heard: before.heard,
        used: before.used,
        bestCn0: before.bestCn0,
        fourthCn0: before.fourthCn0,
        jam: before.jam,
        spoofing: before.spoofing,
    }
    if (answer.id === NAV_SAT) return withLevels(signal, answer.satellites, answer.satellites.used)
    if (answer.id === NAV_STATUS && answer.length >= 16)
        signal.spoofing = graver(signal.spoofing, ((bytes[7] >> 3) & 3) - 1)
    else if (answer.id === MON_HW && answer.length === 60)
        signal.jam = Math.max(signal.jam, jamOf(bytes[45], (bytes[22] >> 2) & 3))
    else if (answer.id === MON_RF) {
        const ends = Math.min(answer.length, bytes.length)
        for (let at = RF_HEAD_BYTES; at + RF_BLOCK_BYTES <= ends; at += RF_BLOCK_BYTES)
            signal.jam = Math.max(signal.jam, jamOf(bytes[at + 16], bytes[at + 1] & 3))
    } else if (answer.id === SEC_SIG && answer.length >= 4) return withSecurity(signal, answer)
    return signal
}

export function withLevels(
    signal: ReceiverSignal,
    tally: SignalTally,
    used: number,
): ReceiverSignal {
    return {
        heard: tally.heard,
        used: used,
        bestCn0: tally.cn0(0),
        fourthCn0: tally.cn0(STRONGEST - 1),
        jam: signal.jam,
        spoofing: signal.spoofing,
    }
}

/** Version 1 has two bytes of flags, version 2 packs both into one. */
function withSecurity(signal: ReceiverSignal, { bytes, length }: UbxAnswer): ReceiverSignal {
    if (bytes[0] === 1 && length >= 12) {
        signal.jam = Math.max(signal.jam, jamOf(0, (bytes[4] >> 1) & 3))
        signal.spoofing = graver(signal.spoofing, ((bytes[8] >> 1) & 7) - 1)
    } else if (bytes[0] === 2) {
        signal.jam = Math.max(signal.jam, jamOf(0, (bytes[1] >> 1) & 3))
        signal.spoofing = graver(signal.spoofing, ((bytes[1] >> 4) & 7) - 1)
    }
    return signal
}

/** `state`: 0 unknown, 1 none, 2 warning, 3 critical. A zero indicator of unknown state is no word. */
function jamOf(indicator: number, state: number): number {
    if (state === 3) return Math.max(indicator, JAM_CRITICAL)
    if (state === 2) return Math.max(indicator, JAM_WARNING)
    return state === 0 && indicator === 0 ? -1 : indicator
}
function graver(a: number, b: number): number {
    return Math.min(Spoofing.affirmed, Math.max(a, b))
}
