// Teltonika Codec 8: AVL records, batched, over a TCP connection (wiki.teltonika-gps.com, "Codec").
//
//     00000000  length(4)  08  count  record...  count  CRC-16/IBM as 4 bytes
//     record: time(8) priority(1) lon(4) lat(4) alt(2) angle(2) satellites(1) speed(2) I/O
//     I/O:    event id, total, then for widths 1, 2, 4 and 8 a count and that many (id, value)
//
// Big-endian. Neither sealed nor authenticated: the CRC finds accidents.

export interface AvlRecord {
    timeMs: number
    priority: number
    lonDeg: number
    latDeg: number
    altM: number
    courseDeg: number
    satellites: number
    speedKmh: number
    eventIo: number
    /** Values of 1, 2, 4 or 8 bytes. */
    io: { id: number; value: Buffer }[]
}

export const CODEC8_RECORDS_MAX = 255
const CODEC8 = 0x08
const WIDTHS = [1, 2, 4, 8]

/** A frame of up to 255 records. */
export function encodeCodec8(records: readonly AvlRecord[]): Buffer {
    const count = Buffer.from([records.length])
    const data = Buffer.concat([Buffer.from([CODEC8]), count, ...records.map(avlRecord), count])
    const head = Buffer.alloc(8)
    head.writeUInt32BE(data.length, 4)
    const tail = Buffer.alloc(4)
    tail.writeUInt32BE(crc16Ibm(data))
    return Buffer.concat([head, data, tail])
}

function avlRecord(record: AvlRecord): Buffer {
    const head = Buffer.alloc(26)
    head.writeBigUInt64BE(BigInt(record.timeMs), 0)
    head.writeUInt8(record.priority, 8)
    head.writeInt32BE(Math.round(record.lonDeg * 1e7), 9)
    head.writeInt32BE(Math.round(record.latDeg * 1e7), 13)
    head.writeInt16BE(record.altM, 17)
    head.writeUInt16BE(record.courseDeg, 19)
    head.writeUInt8(record.satellites, 21)
    head.writeUInt16BE(record.speedKmh, 22)
    head.writeUInt8(record.eventIo, 24)
    head.writeUInt8(record.io.length, 25)
    const groups = WIDTHS.flatMap((width) => {
        const group = record.io.filter(({ value }) => value.length === width)
        return [
            Buffer.from([group.length]),
            ...group.flatMap(({ id, value }) => [Buffer.from([id]), value]),
        ]
    })
    return Buffer.concat([head, ...groups])
}

/** CRC-16/IBM, also called ARC: polynomial 0x8005 reflected, from 0, nothing at the end. */
export function crc16Ibm(bytes: Buffer): number {
    let crc = 0
    for (const byte of bytes) {
        crc ^= byte
        for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >> 1) ^ 0xa001 : crc >> 1
    }
    return crc
}
