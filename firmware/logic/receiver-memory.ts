// What the tracker remembers of its receiver over a sleep, and how the receiver is.

import { ReceiverKind } from "./receiver-setup.js"

export const enum ReceiverHealth {
    /** Not heard yet since it was switched on, or off. */
    unknown = 0,
    ok = 1,
    /** Nobody answers at any of its addresses. */
    missing = 2,
    /** Answers on the bus, but has nothing to say, or no solution among it. */
    hung = 3,
    /** Sends what is neither UBX nor NMEA. */
    babbling = 4,
    /** Takes none of our settings, or does not switch off. */
    refusing = 5,
}

/** All integers, for the state store. */
export interface ReceiverMemory {
    kind: ReceiverKind
    /** 7-bit I2C address at which it was found. */
    address: number
    health: ReceiverHealth
    /** Recoveries in a row without a solution. */
    strikes: number
    /** Not tried again before this, seconds of the device clock. */
    restUntilS: number
    /** 1 when it was sent into standby. */
    isOff: number
    /** When it wakes by itself; 0 when only a pin wakes it. */
    wakesAtS: number
    /** Hot resets since the battery was fitted. */
    resets: number
}

const NUMBERS = 8

export function newReceiverMemory(): ReceiverMemory {
    return {
        kind: ReceiverKind.unknown,
        address: 0,
        health: ReceiverHealth.unknown,
        strikes: 0,
        restUntilS: 0,
        isOff: 0,
        wakesAtS: 0,
        resets: 0,
    }
}

export function receiverRow(m: ReceiverMemory): number[] {
    return [m.kind, m.address, m.health, m.strikes, m.restUntilS, m.isOff, m.wakesAtS, m.resets]
}

/** A row of another length or with a kind that is none gives a new memory. */
export function receiverOf(row: number[]): ReceiverMemory {
    if (row.length !== NUMBERS || row[0] < 0 || row[0] > ReceiverKind.nmea)
        return newReceiverMemory()
    return {
        kind: row[0],
        address: row[1],
        health: row[2],
        strikes: row[3],
        restUntilS: row[4],
        isOff: row[5],
        wakesAtS: row[6],
        resets: row[7],
    }
}

export function healthName(health: ReceiverHealth): string {
    return ["unknown", "ok", "missing", "hung", "babbling", "refusing"][health]
}
