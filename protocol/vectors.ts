// Golden frames: bytes beside the value they mean. Checked on Node and again on the tracker's
// machine, where every encoder and decoder must give the same.

import type { Ack } from "./ack.js"
import type { Command } from "./command.js"
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
    {
        name: "of a hello, at 2031-01-15 06:00:00 UTC",
        value: { kind: "ack", epoch: 3, session: 2, seq: 0, earlier: 0, utcS: 1926223200 },
        body: "a5 01 03 02 02 03 00 04 00 06 1a72cfd560",
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
    epoch: number
    /** Chain key of that epoch. */
    chain: string
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
        epoch: 0,
        chain: "f5909d795210bfb9d4959a3de45872f301a47d3693b9d9dee8442eb4239466bd",
        up: "099384af4efb39c4111eb734b4f44d33153cb01ad859dba982d9694e48a196d7",
        down: "0d82863e95fecde46e3ecee9c274463b3af06a759faa9f3a038526cdb5a5e33e",
        handle: "jnFdFA8R",
        password: "nAovtWSl_zUf4oisEPmVHg",
    },
    {
        root: KEY,
        deviceId: "0011223344556677",
        epoch: 1,
        chain: "94de1d45c60d20031b66f07d153a6d18f33fd1e5219edd2d5ddc01d5ea5ecc9b",
        up: "e9350be36a061d94397438d781c3ab91538bccb3414597ade35f1849a8779762",
        down: "34f5f7df4023d8a5649430898e0ddeca7480229e09f9f54812fde0b8be993745",
        handle: "CuWxVkOk",
        password: "AOKW8zWJAh9Es5weotypqA",
    },
]

export interface CommandVector {
    name: string
    counter: number
    value: Command
    body: string
    /** Sealed under the key and the salt of the seals above. */
    message: string
}

export const COMMANDS: CommandVector[] = [
    {
        name: "a hold of a minute until 2031",
        counter: 7,
        value: {
            kind: "command",
            expiresAtS: 1924992000,
            mandate: Buffer.from("4d31", "hex"),
            order: 1,
            args: [60],
        },
        body:
            "a4" + // map of 4
            "01 1a72bd0c00" + // expiry: 1,924,992,000 s of UNIX time
            "02 42 4d31" + // mandate: 2 bytes
            "03 01" + // order: hold
            "04 81 183c", // arguments: 60 s
        message:
            "6807" + // counter: 7
            "14cc85e4e200c525e47ccb440cc53b7d" + // body
            "891e7e85d65c5b2f1c8c4ffb5f9cc67b1a", // body and tag
    },
    {
        name: "a report, with the longest mandate and the last expiry of 32 bits",
        counter: 256,
        value: {
            kind: "command",
            expiresAtS: 4294967295,
            mandate: Buffer.from("0102030405060708090a0b0c0d0e0f10", "hex"),
            order: 2,
            args: [],
        },
        body: "a3 01 1affffffff 02 50 0102030405060708090a0b0c0d0e0f10 03 02",
        message:
            "690100" + // counter: 256
            "702fc586e5540decff638124bdc91bb7c6ebb66ed11669377a4b0d5343899e2d" + // body
            "c711461e98430f590ff14e", // body and tag
    },
]

export interface RelayVector {
    name: string
    epochsBack: number
    session: number
    record: string
    message: string
}

export const RELAYS: RelayVector[] = [
    {
        name: "of yesterday's epoch and the session before",
        epochsBack: 1,
        session: 4,
        record: SEALS[1].message,
        message: `58 01 04 ${SEALS[1].message}`,
    },
    {
        name: "of long ago",
        epochsBack: 300,
        session: 70000,
        record: SEALS[0].message,
        message: `58 19012c 1a00011170 ${SEALS[0].message}`,
    },
]
