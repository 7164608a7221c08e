// Meshtastic: one protobuf message a fix, `Position` inside `Data`, written from the field numbers of
// its public schema (mesh.proto). On the air a 16-byte packet header goes before `Data`, which is
// encrypted by AES-CTR with a channel key and no tag: bits can be altered unnoticed.

export interface MeshtasticPosition {
    /** 1e-7 deg. */
    latitudeI: number
    longitudeI: number
    /** Metres. */
    altitude?: number
    /** Seconds of UTC since 1970. */
    time: number
    locationSource?: number
    /** Hundredths. */
    HDOP?: number
    /** Metres per second. */
    groundSpeed?: number
    /** 1e-5 deg. */
    groundTrack?: number
    satsInView?: number
    precisionBits?: number
}

/** Destination, sender, packet id (4 each), flags, channel hash, next hop and relay (1 each). */
export const PACKET_HEADER_BYTES = 16
const POSITION_APP = 3
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

export function encodePosition(position: MeshtasticPosition): Buffer {
    return Buffer.concat([
        fixed32(1, position.latitudeI),
        fixed32(2, position.longitudeI),
        varintField(3, position.altitude),
        fixed32(4, position.time),
        varintField(5, position.locationSource),
        varintField(12, position.HDOP),
        varintField(15, position.groundSpeed),
        varintField(16, position.groundTrack),
        varintField(19, position.satsInView),
        varintField(23, position.precisionBits),
    ])
}

/** The payload of a packet: port number and position. */
export function encodeData(position: Buffer): Buffer {
    return Buffer.concat([
        varintField(1, POSITION_APP),
        tag(2, LENGTH_DELIMITED),
        varint(position.length),
        position,
    ])
}

function fixed32(field: number, value: number): Buffer {
    const four = Buffer.alloc(4)
    four.writeUInt32LE(value >>> 0)
    return Buffer.concat([tag(field, FIXED32), four])
}

function varintField(field: number, value: number | undefined): Buffer {
    if (value === undefined) return Buffer.alloc(0)
    return Buffer.concat([tag(field, VARINT), varint(value)])
}

function tag(field: number, wireType: number): Buffer {
    return varint(field * 8 + wireType)
}

/** A negative int32 takes ten bytes: protobuf extends its sign to 64 bits. */
function varint(value: number): Buffer {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
        bytes.push(Number(rest & 127n) | 128)
        rest >>= 7n
    }
    return Buffer.from([...bytes, Number(rest)])
}
