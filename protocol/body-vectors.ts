// Golden bodies of readings, scans, events and status: bytes beside the value they mean. Checked on
// Node and again on the tracker's machine.

import type { Instant } from "./body.js"
import { type DeviceEvent, EventKind } from "./event.js"
import type { Reading } from "./reading.js"
import type { AccessPoint } from "./scan.js"
import type { Status } from "./status.js"
import type { BodyVector } from "./vectors.js"

/** 2023-07-10 11:57:32 UTC. */
const BY_UTC: Instant = { timeDs: 16889902520, uptimeDs: undefined }
/** A tenth of an hour after boot, before the first fix. */
const BY_UPTIME: Instant = { timeDs: undefined, uptimeDs: 3600 }
const BY_BOTH: Instant = { timeDs: BY_UTC.timeDs, uptimeDs: 3600 }
const LATEST: Instant = { timeDs: 41024447999, uptimeDs: 4294967295 }

export interface ReadingsValue {
    instant: Instant
    readings: Reading[]
}

export const READINGS: BodyVector<ReadingsValue>[] = [
    {
        name: "one temperature before the first fix",
        value: { instant: BY_UPTIME, readings: [{ quantity: 1, afterDs: 0, value: 2150 }] },
        body:
            "a2" + // map of 2
            "09 190e10" + // uptime: 360.0 s
            "0a 81" + // readings: 1 series
            "84" + // of 1 reading
            "01" + // temperature
            "00" + // at the instant
            "80" + // no interval
            "190866", // 21.50 degrees Celsius
    },
    {
        name: "temperature and humidity at the same moments, pressure at others",
        value: {
            instant: BY_UTC,
            readings: [
                { quantity: 1, afterDs: 0, value: 2150 },
                { quantity: 1, afterDs: 6000, value: 2146 },
                { quantity: 1, afterDs: 12000, value: 2171 },
                { quantity: 2, afterDs: 0, value: 48 },
                { quantity: 2, afterDs: 6000, value: 48 },
                { quantity: 2, afterDs: 12000, value: 47 },
                { quantity: 5, afterDs: 1, value: 10132 },
                { quantity: 5, afterDs: 6001, value: 10131 },
                { quantity: 5, afterDs: 12003, value: 10133 },
            ],
        },
        body:
            "a2" + // map of 2
            "08 1b00000003eeb775b8" + // time: 16,889,902,520 tenths of a second
            "0a 83" + // readings: 3 series
            "86 01 00" + // 3 temperatures, the first at the instant
            "81 191770" + // every 600.0 s
            "190866" + // 21.50 degrees Celsius
            "23" + // 0.04 less
            "1819" + // 0.25 more
            "86 02 00" + // 3 humidities
            "80" + // when the temperatures were taken
            "1830" + // 48 percent
            "00 20" + // the same, then 1 less
            "86 05 01" + // 3 pressures, the first 0.1 s after the instant
            "82 191770 191772" + // 600.0 s, then 600.2 s
            "192794" + // 101,320 Pa
            "20 02", // 10 Pa less, then 20 Pa more
    },
    {
        name: "the ends of every range",
        value: {
            instant: LATEST,
            readings: [
                { quantity: 1, afterDs: 26784000, value: -10000 },
                { quantity: 10, afterDs: 0, value: 0 },
                { quantity: 10, afterDs: 26784000, value: 4294967295 },
                { quantity: 14, afterDs: 26784000, value: 1 },
            ],
        },
        body:
            "a3" + // map of 3
            "08 1b000000098d3f65ff" + // time: the last tenth of a second of 2099
            "09 1affffffff" + // uptime: 32 bits of tenths of a second
            "0a 83" + // readings: 3 series
            "84 01 1a0198b100 80 39270f" + // -100 degrees Celsius after 31 days
            "85 0a 00 81 1a0198b100 00 1affffffff" + // counts: 0, after 31 days the largest
            "84 0e 1a0198b100 80 01", // a contact, open after 31 days
    },
]

export interface ScanValue {
    instant: Instant
    accessPoints: AccessPoint[]
}

export const SCANS: BodyVector<ScanValue>[] = [
    {
        name: "two access points",
        value: {
            instant: BY_UTC,
            accessPoints: [
                { bssid: Buffer.from("00005e005301", "hex"), signalDbm: -43 },
                { bssid: Buffer.from("02005e0053ff", "hex"), signalDbm: -91 },
            ],
        },
        body:
            "a2" + // map of 2
            "08 1b00000003eeb775b8" + // time: 16,889,902,520 tenths of a second
            "0b 4e" + // scan: 14 bytes
            "00005e005301 2b" + // -43 dBm
            "02005e0053ff 5b", // -91 dBm
    },
    {
        name: "nobody heard",
        value: { instant: BY_UPTIME, accessPoints: [] },
        body:
            "a2" + // map of 2
            "09 190e10" + // uptime: 360.0 s
            "0b 40", // scan: no bytes
    },
    {
        name: "the ends of every range",
        value: {
            instant: LATEST,
            accessPoints: [
                { bssid: Buffer.from("feffffffffff", "hex"), signalDbm: 0 },
                { bssid: Buffer.from("000000000001", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000002", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000003", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000004", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000005", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000006", "hex"), signalDbm: -127 },
                { bssid: Buffer.from("000000000007", "hex"), signalDbm: -127 },
            ],
        },
        body:
            "a3 08 1b000000098d3f65ff 09 1affffffff" +
            "0b 5838" + // scan: 56 bytes
            "feffffffffff 00" +
            "000000000001 7f 000000000002 7f 000000000003 7f 000000000004 7f" +
            "000000000005 7f 000000000006 7f 000000000007 7f",
    },
]

export const EVENTS: BodyVector<DeviceEvent>[] = [
    {
        name: "a boot by power",
        value: {
            kind: "event",
            instant: { timeDs: undefined, uptimeDs: 20 },
            event: EventKind.boot,
            args: [1],
        },
        body:
            "a2" + // map of 2
            "09 14" + // uptime: 2.0 s
            "0c 82 01 01", // event: boot, cause power
    },
    {
        name: "a start of motion, which ties the clock of the boot to UTC",
        value: { kind: "event", instant: BY_BOTH, event: EventKind.motionStart, args: [] },
        body:
            "a3" + // map of 3
            "08 1b00000003eeb775b8" + // time: 16,889,902,520 tenths of a second
            "09 190e10" + // uptime: 360.0 s
            "0c 81 03", // event: start of motion
    },
    {
        name: "the inside of a fence",
        value: { kind: "event", instant: BY_UTC, event: EventKind.fenceSide, args: [300, 1] },
        body:
            "a2" + // map of 2
            "08 1b00000003eeb775b8" + // time: 16,889,902,520 tenths of a second
            "0c 83 05" + // event: side of a fence
            "19012c" + // fence 300
            "01", // inside
    },
    {
        name: "a low battery",
        value: { kind: "event", instant: BY_UTC, event: EventKind.lowBattery, args: [3312] },
        body: "a2 08 1b00000003eeb775b8 0c 82 06 190cf0", // 3,312 mV
    },
    {
        name: "an opened case",
        value: { kind: "event", instant: BY_UTC, event: EventKind.tamper, args: [1] },
        body: "a2 08 1b00000003eeb775b8 0c 82 02 01", // tamper, at the housing
    },
    {
        name: "a kind of a later version, with arguments at the ends of their range",
        value: { kind: "event", instant: LATEST, event: 65535, args: [-4294967295, 4294967295] },
        body: "a3 08 1b000000098d3f65ff 09 1affffffff" + "0c 83 19ffff 3afffffffe 1affffffff",
    },
]

export const STATUSES: BodyVector<Status>[] = [
    {
        name: "a queue and nothing else",
        value: { kind: "status", instant: BY_UPTIME, queued: 3 },
        body:
            "a2" + // map of 2
            "09 190e10" + // uptime: 360.0 s
            "15 03", // queued: 3
    },
    {
        name: "every field",
        value: {
            kind: "status",
            instant: BY_BOTH,
            batteryMv: 3604,
            temperatureC: -11,
            chargePercent: 87,
            drawnMah: 4211,
            meteredS: 86400,
            radioS: 95,
            gnssS: 1210,
            firstFixDs: 283,
            queued: 0,
            thinned: 12,
            boots: 2,
            resetCause: 1,
            programHash: Buffer.from("0001020304050607", "hex"),
            profile: 2,
            level: 1,
            daysLeft: 214,
            daysLeftSpread: 17,
            faults: 10,
        },
        body:
            "b4" + // map of 20
            "08 1b00000003eeb775b8" + // time: 16,889,902,520 tenths of a second
            "09 190e10" + // uptime: 360.0 s
            "0d 190e14" + // battery: 3,604 mV
            "0e 2a" + // temperature: -11 degrees Celsius
            "0f 1857" + // charge: 87 percent
            "10 191073" + // drawn: 4,211 mAh
            "11 1a00015180" + // metered: 86,400 s
            "12 185f" + // radio: 95 s
            "13 1904ba" + // GNSS: 1,210 s
            "14 19011b" + // first fix: 28.3 s
            "15 00" + // queued: none
            "16 0c" + // thinned: 12
            "17 02" + // boots: 2
            "1818 01" + // reset cause: power
            "1819 48 0001020304050607" + // program: first 8 bytes of its hash
            "181a 02" + // profile: normal
            "181b 01" + // level: 1 step down
            "181c 18d6" + // left: 214 days
            "181d 11" + // spread: 17 days
            "181e 0a", // wrong: accelerometer, no FRAM
    },
    {
        name: "the ends of every range",
        value: {
            kind: "status",
            instant: LATEST,
            batteryMv: 20000,
            temperatureC: -100,
            chargePercent: 100,
            drawnMah: 10000000,
            meteredS: 4294967295,
            radioS: 4294967295,
            gnssS: 4294967295,
            firstFixDs: 864000,
            queued: 4294967295,
            thinned: 4294967295,
            boots: 4294967295,
            resetCause: 255,
            programHash: Buffer.from("ffffffffffffffff", "hex"),
        },
        body:
            "af 08 1b000000098d3f65ff 09 1affffffff" +
            "0d 194e20 0e 3863 0f 1864 10 1a00989680" +
            "11 1affffffff 12 1affffffff 13 1affffffff 14 1a000d2f00" +
            "15 1affffffff 16 1affffffff 17 1affffffff 1818 18ff" +
            "1819 48 ffffffffffffffff",
    },
]

/** Bodies as other versions write them, and what this one makes of them. */
export interface VersionVector {
    name: string
    body: string
    /** The same body without what this version passes over. */
    understood: string
}

export const VERSIONS: VersionVector[] = [
    {
        name: "a status of the first version, which knew battery and queue only",
        body: "a3 08 1b00000003eeb775b8 0d 190e14 15 00",
        understood: "a3 08 1b00000003eeb775b8 0d 190e14 15 00",
    },
    {
        name: "a status with fields of a later version, a map and a text among them",
        body:
            "a6 08 1b00000003eeb775b8 0d 190e14 15 00" +
            "181f 182a" + // key 31: 42
            "1820 a2 01 02 03 81 f5" + // key 32: a map
            "1903e8 63 6e6577", // key 1,000: "new"
        understood: "a3 08 1b00000003eeb775b8 0d 190e14 15 00",
    },
    {
        name: "readings with a quantity of a later version",
        body: "a2 09 190e10 0a 82" + "84 01 00 80 190866" + "86 18c8 00 81 0a 01 02 03", // quantity 200, every second: 1, 3, 6
        understood: "a2 09 190e10 0a 81 84 01 00 80 190866",
    },
    {
        name: "an event without a later key, beside one with it",
        body: "a3 09 14 0c 82 01 01 1820 40",
        understood: "a2 09 14 0c 82 01 01",
    },
    {
        name: "a scan with a later key in front and behind",
        body: "a4 00 01 09 190e10 0b 40 18ff f6",
        understood: "a2 09 190e10 0b 40",
    },
]
