// Jacdac frames, as far as the simulator reads and writes them. A frame: CRC-16, size of the packets,
// flags, the device's id (8 bytes), then packets, each with its size, the service's index on that
// device, a command, data, padded to four bytes. Source: the Jacdac protocol specification
// (aka.ms/jacdac, "Packets") and jacdac-c's jd_physical.h.

const FRAME_HEADER_BYTES = 12
const PACKET_HEADER_BYTES = 4
const SERVICE_INDEX_MASK = 0x3f
const FLAG_COMMAND = 1
const FLAG_ACK_REQUESTED = 2
const CONTROL_SERVICE = 0
const CONTROL_STANDBY = 0x87

export const FRAME_PACKETS_MAX = 236
export const GET_REGISTER = 0x1000
export const SET_REGISTER = 0x2000
export const EVENT = 0x8000

export interface Packet {
    service: number
    command: number
    data: Buffer
}

export interface Frame {
    bytes: Buffer
    isCommand: boolean
    deviceId: Buffer
    packets: Packet[]
}

/** Bytes of the frame that begins at `at`. */
export function frameBytes(memory: Uint8Array, at: number): number {
    return FRAME_HEADER_BYTES + memory[at + 2]!
}

/** Reads a frame as the machine writes it; a packet that runs over its end is left out. */
export function frameOf(bytes: Buffer): Frame {
    const packets: Packet[] = []
    const end = FRAME_HEADER_BYTES + bytes[2]!
    for (let at = FRAME_HEADER_BYTES; at + PACKET_HEADER_BYTES <= end; ) {
        const size = bytes[at]!
        const from = at + PACKET_HEADER_BYTES
        if (from + size > end) break
        packets.push({
            service: bytes[at + 1]! & SERVICE_INDEX_MASK,
            command: bytes.readUInt16LE(at + 2),
            data: bytes.subarray(from, from + size),
        })
        at = from + padded(size)
    }
    return {
        bytes,
        isCommand: (bytes[3]! & FLAG_COMMAND) !== 0,
        deviceId: bytes.subarray(4, 12),
        packets,
    }
}

/** A report from a device. */
export function reportFrame(deviceId: Buffer, packet: Packet): Buffer {
    return frameWith(deviceId, [packet], 0)
}
/** A command to a device that is to acknowledge it. At most `FRAME_PACKETS_MAX` bytes of packets. */
export function commandFrame(deviceId: Buffer, packets: readonly Packet[]): Buffer {
    return frameWith(deviceId, packets, FLAG_COMMAND | FLAG_ACK_REQUESTED)
}
/** What an acknowledgement of the frame names. */
export function frameCrc(frame: Buffer): number {
    return frame.readUInt16LE(0)
}

function frameWith(deviceId: Buffer, packets: readonly Packet[], flags: number): Buffer {
    const parts = packets.map(({ service, command, data }) => {
        const packet = Buffer.alloc(PACKET_HEADER_BYTES + padded(data.length))
        packet[0] = data.length
        packet[1] = service
        packet.writeUInt16LE(command, 2)
        data.copy(packet, PACKET_HEADER_BYTES)
        return packet
    })
    const body = Buffer.concat(parts)
    const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), body])
    frame[2] = body.length
    frame[3] = flags
    deviceId.copy(frame, 4)
    frame.writeUInt16LE(crc16(frame.subarray(2)), 0)
    return frame
}

/** The chip is told, by its own program as a rule, to sleep. */
export function isStandby({ isCommand, deviceId, packets }: Frame, chipId: string): boolean {
    return isCommand && deviceId.toString("hex") === chipId && packets.some(isStandbyPacket)
}
/** For how long, as a 32-bit number of milliseconds: 49.7 days at most. */
export function standbyMsOf({ packets }: Frame): number {
    return packets.find(isStandbyPacket)!.data.readUInt32LE(0)
}
function isStandbyPacket({ service, command, data }: Packet): boolean {
    return service === CONTROL_SERVICE && command === CONTROL_STANDBY && data.length >= 4
}

function padded(size: number): number {
    return (size + 3) & ~3
}

/** CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xffff. */
function crc16(bytes: Uint8Array): number {
    let crc = 0xffff
    for (const byte of bytes) {
        let x = (crc >> 8) ^ byte
        x ^= x >> 4
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff
    }
    return crc
}
