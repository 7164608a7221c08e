// What the technician's bench wrote into the board's settings store. The program only reads it: a
// power cut between the two flash writes of one setting would erase the whole store.

import { readSetting } from "@devicescript/settings"

export interface BoardSettings {
    /** Eight random bytes, made at provisioning. */
    deviceId: Buffer
    /** Chain key of epoch 0. */
    chainKey: Buffer
    brokerHost: string
    brokerPort: number
    /** The longest that a fix waits before it is sent. */
    holdMs: number
}

/** Undefined on a board that was never provisioned. */
export async function readBoardSettings(): Promise<BoardSettings> {
    const deviceId = await readSetting<string>("did", "")
    const chainKey = await readSetting<string>("chain", "")
    const host = await readSetting<string>("host", "")
    if (deviceId.length !== 16 || chainKey.length !== 64 || host.length === 0) return undefined
    return {
        deviceId: Buffer.from(deviceId, "hex"),
        chainKey: Buffer.from(chainKey, "hex"),
        brokerHost: host,
        brokerPort: await readSetting<number>("port", 1883),
        holdMs: await readSetting<number>("hold", 10000),
    }
}
