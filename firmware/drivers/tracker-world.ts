// The tracker's world as the loop in logic/tracker-loop.ts wants it, on the chip.

import type { AccessPoint } from "../../protocol/scan.js"
import { breathe } from "../hal.js"
import type { NetworkPart, World } from "../logic/tracker-loop.js"
import { scrubChainKey } from "./board-settings.js"
import type { BusBattery, BusMotion, BusReceiver } from "./bus-parts.js"
import { reboot, standby } from "./power.js"
import { say, sleep, uptimeMs } from "./runtime.js"
import { wakeSocket } from "./socket.js"
import type { Wifi } from "./wifi.js"

export class BoardWorld implements World {
    network: BoardNetwork

    constructor(
        public receiver: BusReceiver,
        public motion: BusMotion,
        public battery: BusBattery,
        wifi: Wifi,
    ) {
        this.network = new BoardNetwork(wifi)
    }

    uptimeMs(): number {
        return uptimeMs()
    }
    async sleep(ms: number): Promise<void> {
        await sleep(ms)
    }
    async breathe(): Promise<void> {
        await breathe()
    }
    async scan(): Promise<AccessPoint[]> {
        return await this.network.scan()
    }
    wakeUplink(): void {
        wakeSocket()
    }
    say(line: string): void {
        say(line)
    }
    async scrub(): Promise<void> {
        await scrubChainKey()
    }
    async standby(ms: number): Promise<void> {
        await standby(ms)
    }
    reboot(): void {
        reboot()
    }
}

class BoardNetwork implements NetworkPart {
    private isJoining = false
    private joinCount = 0

    constructor(private wifi: Wifi) {}

    tend(isWanted: boolean): void {
        if (!isWanted || this.isJoining || this.wifi.isJoined()) return
        this.isJoining = true
        join.start(this)
    }
    isUp(): boolean {
        return this.wifi.isJoined()
    }
    joins(): number {
        return this.joinCount
    }
    /** Undefined where there is no radio to listen with, or it is joining a network. */
    async scan(): Promise<AccessPoint[]> {
        if (!this.wifi.hasService() || this.isJoining) return undefined
        return await this.wifi.scan()
    }
    /** For the fiber below. */
    async bringUp(): Promise<void> {
        try {
            if (await this.wifi.join()) this.joinCount++
        } catch (e) {
            say(`network: ${(e as Error).message}`)
        }
        this.isJoining = false
    }
}

async function join(network: BoardNetwork): Promise<void> {
    await network.bringUp()
}
