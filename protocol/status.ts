// How the tracker is [P-B40]: what the gateway needs to forecast the end of the battery, to see what
// the queue had to let go of, and to know which program runs. What is not known is left out and
// costs nothing. Uptime is the instant's own.

import {
    type Instant,
    instantFault,
    KEY_STATUS_FIRST,
    KEY_STATUS_LAST,
    noInstant,
    readBody,
    writePair,
    writeStart,
} from "./body.js"
import { CborWriter } from "./cbor.js"
import { type Reject, reject } from "./reject.js"

export interface Status {
    kind: "status"
    instant: Instant
    /** Under the load of the moment, in millivolts. */
    batteryMv?: number | undefined
    /** Of the battery, in degrees Celsius. */
    temperatureC?: number | undefined
    /** As the fuel gauge has it, in percent. */
    chargePercent?: number | undefined
    /** Drawn since the battery was fitted, in milliampere-hours. */
    drawnMah?: number | undefined
    /** Over which the next two were metered: since the last status, or since boot. In seconds. */
    meteredS?: number | undefined
    /** Radio on, in seconds. */
    radioS?: number | undefined
    /** GNSS receiver on, in seconds. */
    gnssS?: number | undefined
    /** From switching the receiver on to its first fix, the last time, in tenths of a second. */
    firstFixDs?: number | undefined
    /** Records that wait for an ack. */
    queued?: number | undefined
    /** Records that the full outbox has let go of since the session began. */
    thinned?: number | undefined
    /** Program starts since the battery was fitted. */
    boots?: number | undefined
    /** A ResetCause. */
    resetCause?: number | undefined
    /** First 8 bytes of the program's SHA-256; the hello has all of it. */
    programHash?: Buffer | undefined
    /** Number of the profile in force. */
    profile?: number | undefined
    /** Steps that the energy governor has gone down, 0 for none. */
    level?: number | undefined
    /** Until the battery is forecast to be empty, in days from the instant. */
    daysLeft?: number | undefined
    /** One standard deviation of that, in days. */
    daysLeftSpread?: number | undefined
    /** What is wrong with the board: a sum of StatusFault. */
    faults?: number | undefined
}

/** What a status says is wrong, as bits of one number. */
export enum StatusFault {
    /** The receiver does not answer, or not as a receiver does. */
    receiver = 1,
    accelerometer = 2,
    fuelGauge = 4,
    /** The queue is in RAM: a reset loses it, and the chain key stays readable in flash. */
    noFram = 8,
    /** An exception was caught since the last status. */
    exception = 16,
    /** The clock is not known: fixes have not come yet. */
    noTime = 32,
    sensor = 64,
}

export const STATUS_HASH_BYTES = 8
const HASH_KEY = 25

interface Field {
    name: string
    least: number
    most: number
}

/** What is a number, by key from KEY_STATUS_FIRST, HASH_KEY left out. `name` begins the reason of a reject. */
const FIELDS: Field[] = [
    { name: "battery", least: 0, most: 20000 },
    { name: "temperature", least: -100, most: 150 },
    { name: "charge", least: 0, most: 100 },
    { name: "drawn", least: 0, most: 10000000 },
    { name: "metered", least: 0, most: 0xffffffff },
    { name: "radio", least: 0, most: 0xffffffff },
    { name: "gnss", least: 0, most: 0xffffffff },
    { name: "first-fix", least: 0, most: 864000 },
    { name: "queued", least: 0, most: 0xffffffff },
    { name: "thinned", least: 0, most: 0xffffffff },
    { name: "boots", least: 0, most: 0xffffffff },
    { name: "reset-cause", least: 0, most: 255 },
    { name: "profile", least: 1, most: 255 },
    { name: "level", least: 0, most: 15 },
    { name: "days-left", least: 0, most: 36525 },
    { name: "days-left-spread", least: 0, most: 36525 },
    { name: "faults", least: 0, most: 65535 },
]

/** A status without any field is no status: the decoder refuses it. */
export function encodeStatus(status: Status): Buffer {
    const values = valuesOf(status)
    const hash = status.programHash
    let pairs = hash === undefined ? 0 : 1
    for (const value of values) if (value !== undefined) pairs++
    const out = new CborWriter()
    writeStart(out, status.instant, pairs)
    for (let i = 0; i <= values.length; i++) {
        const key = KEY_STATUS_FIRST + i
        if (key === HASH_KEY) {
            if (hash === undefined) continue
            out.int(key)
            out.bytes(hash)
        } else {
            const value = values[indexOf(key)]
            if (value !== undefined) writePair(out, key, value)
        }
    }
    return out.result()
}

/** A status, or why the body has none. Unknown keys are passed over. */
export function decodeStatus(body: Buffer): Status | Reject {
    const instant = noInstant()
    const values: (number | undefined)[] = []
    for (let i = 0; i < FIELDS.length; i++) values.push(undefined)
    let hash: Buffer | undefined
    let found = 0
    const fault = readBody(body, instant, (key, reader) => {
        if (key < KEY_STATUS_FIRST || key > KEY_STATUS_LAST) return false
        found++
        if (key === HASH_KEY) hash = reader.bytes()
        else values[indexOf(key)] = reader.int()
        return true
    })
    if (fault !== undefined) return reject(fault)
    if (found === 0) return reject("status-missing")
    const status = statusOf(instant, values, hash)
    const wrong = statusFault(status)
    return wrong === undefined ? status : reject(wrong)
}

/** What is out of range in a status, or undefined. */
export function statusFault(status: Status): string | undefined {
    const wrong = instantFault(status.instant)
    if (wrong !== undefined) return wrong
    const values = valuesOf(status)
    for (let i = 0; i < values.length; i++) {
        const value = values[i]
        if (value === undefined) continue
        if (value < FIELDS[i].least || value > FIELDS[i].most) return `${FIELDS[i].name}-range`
    }
    const hash = status.programHash
    if (hash !== undefined && hash.length !== STATUS_HASH_BYTES) return "program-hash-length"
    return undefined
}

/** Where in FIELDS the number under a key is. */
function indexOf(key: number): number {
    return key - KEY_STATUS_FIRST - (key > HASH_KEY ? 1 : 0)
}
/** In the order of FIELDS. */
function valuesOf(status: Status): (number | undefined)[] {
    return [
        status.batteryMv,
        status.temperatureC,
        status.chargePercent,
        status.drawnMah,
        status.meteredS,
        status.radioS,
        status.gnssS,
        status.firstFixDs,
        status.queued,
        status.thinned,
        status.boots,
        status.resetCause,
        status.profile,
        status.level,
        status.daysLeft,
        status.daysLeftSpread,
        status.faults,
    ]
}
function statusOf(
    instant: Instant,
    values: (number | undefined)[],
    hash: Buffer | undefined,
): Status {
    return {
        kind: "status",
        instant: instant,
        batteryMv: values[0],
        temperatureC: values[1],
        chargePercent: values[2],
        drawnMah: values[3],
        meteredS: values[4],
        radioS: values[5],
        gnssS: values[6],
        firstFixDs: values[7],
        queued: values[8],
        thinned: values[9],
        boots: values[10],
        resetCause: values[11],
        programHash: hash,
        profile: values[12],
        level: values[13],
        daysLeft: values[14],
        daysLeftSpread: values[15],
        faults: values[16],
    }
}
