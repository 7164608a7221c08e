// The I2C bus as the program's hardware layer reaches it: one twin message a transaction. Bytes:
// address, length to write, length to read, status, then the data of either direction.

/** A part on the bus. Either call throws `I2cNak` where the part does not acknowledge. */
export interface I2cChip {
    /** What follows the address in a write; a register number as a rule. */
    write(bytes: Uint8Array): void
    read(count: number): Uint8Array
}

/** The part leaves its address or a byte unacknowledged: it sleeps, measures, or is not there. */
export class I2cNak extends Error {}

const STATUS = 3
const HEADER_BYTES = 4
const STATUS_OK = 0
const STATUS_NO_ANSWER = 255

/** Answers the transactions of one tracker with its chips, keyed by 7-bit address. */
export function i2cBus(chips: ReadonlyMap<number, I2cChip>) {
    return (topic: string, message: Buffer): void => {
        if (topic !== "i2c") return
        const [address, writeBytes, readBytes] = message as unknown as [number, number, number]
        const chip = chips.get(address)
        message[STATUS] = STATUS_NO_ANSWER
        if (!chip) return
        try {
            if (writeBytes > 0)
                chip.write(
                    Uint8Array.from(message.subarray(HEADER_BYTES, HEADER_BYTES + writeBytes)),
                )
            if (readBytes > 0) message.set(chip.read(readBytes), HEADER_BYTES)
        } catch (error) {
            if (error instanceof I2cNak) return
            throw error
        }
        message[STATUS] = STATUS_OK
    }
}
