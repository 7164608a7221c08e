// The sensor node's world as the loop in logic/sensor-loop.ts wants it, on the chip.

import * as ds from "@devicescript/core"
import type { NodeWorld } from "../logic/sensor-loop.js"
import type { Measured, SensorPart } from "../logic/sensor-part.js"
import { measureParts } from "../logic/sensor-parts.js"
import type { NetworkPart } from "../logic/tracker-loop.js"
import { reboot, standby } from "./power.js"
import { wakeSocket } from "./socket.js"
import type { Wifi } from "./wifi.js"

export class NodeBoardWorld implements NodeWorld {
    network: NodeNetwork

    constructor(
        private parts: SensorPart[],
        wifi: Wifi,
    ) {
        this.network = new NodeNetwork(wifi)
    }

    uptimeMs(): number {
        return ds.millis()
    }
    async sleep(ms: number): Promise<void> {
        await ds.sleep(ms)
    }
    async measure(quantities: number[]): Promise<Measured[]> {
        return await measureParts(this.parts, quantities, say)
    }
    wakeUplink(): void {
        wakeSocket()
    }
    say(line: string): void {
        say(line)
    }
    async standby(ms: number): Promise<void> {
        await standby(ms)
    }
    reboot(): void {
        reboot()
    }
}

class NodeNetwork implements NetworkPart {
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

async function join(network: NodeNetwork): Promise<void> {
    await network.bringUp()
}
function say(line: string): void {
    console.log(line)
}
