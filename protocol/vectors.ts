// Golden frames: bytes beside the value they mean. Checked on Node and again on the tracker's
// machine, where every encoder and decoder must give the same.

import type { Ack } from "./ack.js"
import type { Fix } from "./fix.js"
import type { Hello } from "./hello.js"

export interface BodyVector<Value> {
    name: string
    value: Value
    /** Hexadecimal, one item or row a line. */
    body: string
}

const PARKED: Fix = {
    kind: "fix",
    timeDs: 16890554520,
    latUdeg: 35165394,
    lonUdeg: 136881442,
    altM: 40,
    speedDmps: 0,
    courseDeg: 73,
    accuracyDm: 53,
    satellites: 20,
}
/** South of the equator, west of Greenwich, below the sea, at the largest seq and course. */
const FAR: Fix = {
    kind: "fix",
    timeDs: 41024447999,
    latUdeg: -90000000,
    lonUdeg: -180000000,
    altM: -430,
    speedDmps: 2500,
    courseDeg: 359,
    accuracyDm: 10000,
    satellites: 0,
}

export interface BatchValue {
    firstFix: number
    fixes: Fix[]
    thinned: number
}

export const BATCHES: BodyVector<BatchValue>[] = [
    {
        name: "one fix",
        value: { firstFix: 0, fixes: [PARKED], thinned: 0 },
        body:
            "a4" + // map of 4
            "01 00" + // first fix: 0
            "02 01" + // count: 1
            "03 88" + // first: 8 columns
            "1b00000003eec16898" + // 16,890,554,520 tenths of a second
            "1a021894d2" + // 35.165394 deg north
            "1a0828a522" + // 136.881442 deg east
            "1828" + // 40 m
            "00" + // at rest
            "1849" + // 73 deg
            "1835" + // 5.3 m
            "14" + // 20 satellites
            "05 00", // profile: plain
    },
    {
        name: "two fixes and a thinned record",
        value: {
            firstFix: 300,
            fixes: [
                PARKED,
                {
                    kind: "fix",
                    timeDs: PARKED.timeDs + 10,
                    latUdeg: PARKED.latUdeg - 135,
                    lonUdeg: PARKED.lonUdeg + 24,
                    altM: 39,
                    speedDmps: 139,
                    courseDeg: 180,
                    accuracyDm: 53,
                    satellites: 19,
                },
            ],
            thinned: 1,
        },
        body:
            "a6" + // map of 6
            "01 19012c" + // first fix: 300
            "02 02" + // count: 2
            "03 88" + // first: 8 columns
            "1b00000003eec16898 1a021894d2 1a0828a522 1828 00 1849 1835 14" +
            "04 81 88" + // rest: 1 row of 8 differences
            "0a" + // 1.0 s later
            "3886" + // 135 millionths south
            "1818" + // 24 millionths east
            "20" + // 1 m lower
            "188b" + // 13.9 m/s faster
            "186b" + // 107 deg to the right
            "00" + // accuracy the same
            "20" + // a satellite less
            "05 00" + // profile: plain
            "07 01", // thinned: 1
    },
    {
        name: "the ends of every range",
        value: { firstFix: 4294967295, fixes: [FAR], thinned: 0 },
        body:
            "a4 01 1affffffff 02 01 03 88" +
            "1b000000098d3f65ff" +
            "3a055d4a7f" +
            "3a0aba94ff" +
            "3901ad" +
            "1909c4" +
            "190167" +
            "192710" +
            "00" +
            "05 00",
    },
]

export const HELLOS: BodyVector<Hello>[] = [
    {
        name: "the first hello of a board without FRAM",
        value: {
            kind: "hello",
            session: 0,
            programHash: Buffer.from(
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "hex",
            ),
            board: "simulator",
            resetCause: 1,
            uptimeMs: 2010,
        },
        body:
            "a5" +
            "01 00" + // session: 0
            "02 5820" + // program: 32 bytes
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" +
            "03 69 73696d756c61746f72" + // board: "simulator"
            "04 01" + // cause: power
            "05 1907da", // uptime: 2,010 ms
    },
]

export const ACKS: BodyVector<Ack>[] = [
    {
        name: "everything before it",
        value: { kind: "ack", epoch: 0, session: 0, seq: 70000, earlier: 4294967295 },
        body: "a4 01 00 02 00 03 1a00011170 04 1affffffff",
    },
]

export interface SealVector {
    name: string
    /** 32 bytes, hexadecimal, as are the others. */
    key: string
    salt: string
    type: number
    carrySalt: boolean
    seq: number
    body: string
    message: string
}

const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
const SALT = "a0a1a2a3a4a5a6a7"

/** Messages were computed with OpenSSL's AES-256-CCM; the nonce stands beside each. */
export const SEALS: SealVector[] = [
    {
        name: "a hello with its salt, nonce 4c a0a1a2a3a4a5a6a7 00000000",
        ...{ key: KEY, salt: SALT, type: 1, carrySalt: true, seq: 0 },
        body: "a0",
        message: "4ca0a1a2a3a4a5a6a700f9ab06a1e22c2c5846",
    },
    {
        name: "telemetry without salt, nonce 41 a0a1a2a3a4a5a6a7 00000100",
        ...{ key: KEY, salt: SALT, type: 0, carrySalt: false, seq: 256 },
        body: "a40100020103880000000000000000050000",
        message: "41010047d580c978d2cd6ddbb88acca4daeb55dd9e5ec8eb8f64088b8f",
    },
    {
        name: "a command at the last seq, nonce 6b a0a1a2a3a4a5a6a7 ffffffff",
        ...{ key: KEY, salt: SALT, type: 5, carrySalt: false, seq: 4294967295 },
        body: "a10100",
        message: "6bffffffffb6914d2097d4def6946231e67657f097f772ce",
    },
]

export interface KeyVector {
    root: string
    deviceId: string
    chain: string
    epoch: number
    up: string
    down: string
    handle: string
    password: string
}

/** Computed with OpenSSL's HKDF. */
export const KEYS: KeyVector[] = [
    {
        root: KEY,
        deviceId: "0011223344556677",
        chain: "f5909d795210bfb9d4959a3de45872f301a47d3693b9d9dee8442eb4239466bd",
        epoch: 0,
        up: "099384af4efb39c4111eb734b4f44d33153cb01ad859dba982d9694e48a196d7",
        down: "0d82863e95fecde46e3ecee9c274463b3af06a759faa9f3a038526cdb5a5e33e",
        handle: "jnFdFA8R",
        password: "nAovtWSl_zUf4oisEPmVHg",
    },
]
