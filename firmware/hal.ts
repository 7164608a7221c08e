// The one file that knows whether the program runs on a chip or in the simulator. In the simulator
// the natives for the I2C bus have no bus behind them; they are led to the host, which answers as
// the parts do. A program that uses the bus imports this file.

import * as ds from "@devicescript/core"

/** Natives that the typings leave out. `_twinMessage` hands its message to the host and back. */
interface Natives {
    _twinMessage(topic: string, message: Buffer): Buffer
    _i2cTransaction(address: number, write: Buffer, read: Buffer): number
}

/** In what the host hands back, the message follows a frame header, the topic and a zero byte. */
const FRAME_HEADER_BYTES = 16
const HEADER_BYTES = 4
const STATUS = 3
/** Status of an address that nobody acknowledges. */
const NO_ANSWER = 255

/** Bytes: address, length to write, length to read, status, then the data of either direction. */
function i2cOverTwin(address: number, write: Buffer, read: Buffer): number {
    const writeBytes = write ? write.length : 0
    const readBytes = read ? read.length : 0
    const message = Buffer.alloc(HEADER_BYTES + Math.max(writeBytes, readBytes))
    message[0] = address
    message[1] = writeBytes
    message[2] = readBytes
    message[STATUS] = NO_ANSWER
    if (writeBytes > 0) message.blitAt(HEADER_BYTES, write, 0, writeBytes)
    const topic = "i2c"
    const frame = (ds as unknown as Natives)._twinMessage(topic, message)
    const start = FRAME_HEADER_BYTES + topic.length + 1
    if (frame[start + STATUS] !== 0) return -frame[start + STATUS]
    if (readBytes > 0) read.blitAt(0, frame, start + HEADER_BYTES, readBytes)
    return 0
}

if (ds.isSimulator()) (ds as unknown as Natives)._i2cTransaction = i2cOverTwin

/** Tells the host something it may heed. On a chip nobody listens. */
export function tellTwin(topic: string, message: Buffer): void {
    ;(ds as unknown as Natives)._twinMessage(topic, message)
}

/** What the hello names as the board. */
export function boardName(): string {
    return ds.isSimulator() ? "simulator" : ds._dcfgString("devName") || "unknown"
}

/** Lets other fibers run; where one computes for long without it, the runtime stops the program. */
export async function breathe(): Promise<void> {
    await ds.sleep(0)
}
