// What the technician's bench wrote into the board's settings store. The program only reads it, for a
// power cut between the two flash writes of one setting would erase the whole store. The one
// exception is at the bench, where the chain key moves into FRAM and must not stay behind in flash.

import { deleteSetting, readSetting, settings, writeSetting } from "@devicescript/settings"
import { sleep } from "./runtime.js"

const CHAIN = "chain"
const FILLER = "filler"
/** In place of the key while the flash that held it is not erased yet. */
const GOING = "-"
const FILLER_BYTES = 200
/**
 * The store has two areas of 16 KiB in turn, and erases the one that it moves to. A filler takes 224
 * bytes, so 73 fill an area; the second move erases the area in which the bench wrote.
 */
const FILLERS = 160

export interface BoardSettings {
    /** Eight random bytes, made at provisioning. */
    deviceId: Buffer
    /** Chain key of epoch 0; undefined once it has been scrubbed. */
    chainKey: Buffer
    /** The key is there, or was on its way out when the power failed. */
    isScrubDue: boolean
    brokerHost: string
    brokerPort: number
    /** The runtime knows public certificate authorities only. */
    isTls: boolean
    /** The longest that a fix waits before it is sent. */
    holdMs: number
}

/** Undefined on a board that was never provisioned. */
export async function readBoardSettings(): Promise<BoardSettings> {
    const deviceId = await readSetting<string>("did", "")
    const chainKey = await readSetting<string>(CHAIN, "")
    const host = await readSetting<string>("host", "")
    if (deviceId.length !== 16 || host.length === 0) return undefined
    return {
        deviceId: Buffer.from(deviceId, "hex"),
        chainKey: chainKey.length === 64 ? Buffer.from(chainKey, "hex") : undefined,
        isScrubDue: chainKey.length > 0,
        brokerHost: host,
        brokerPort: await readSetting<number>("port", 1883),
        isTls: (await readSetting<number>("tls", 0)) === 1,
        holdMs: await readSetting<number>("hold", 10000),
    }
}

/** Takes the chain key out of the flash, its old copies included. The power must not fail meanwhile. */
export async function scrubChainKey(): Promise<void> {
    await writeSetting(CHAIN, GOING)
    const filler = Buffer.alloc(FILLER_BYTES)
    for (let i = 0; i < FILLERS; i++) {
        // The store passes over a value that it holds already.
        filler[0] = i
        await settings.set(FILLER, filler)
        await sleep(1)
    }
    await deleteSetting(FILLER)
    await deleteSetting(CHAIN)
}
