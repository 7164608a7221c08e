/** CRC-8 of Sensirion's parts: polynomial 0x31, start 0xFF, as each data sheet states it. */
export function sensirionCrc(bytes: Uint8Array): number {
    let crc = 0xff
    for (const byte of bytes) {
        crc ^= byte
        for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 255 : crc << 1
    }
    return crc
}
