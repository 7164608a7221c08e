// The radio of a tracker between its sockets and the network: the Wi-Fi service where there are
// networks to join, and the count of what goes over the air. On a tracker without them sockets work
// from the start, as if a network had been joined by then.

import type { Clock } from "../vm/clock.js"
import type { ChipState } from "../vm/esp32.js"
import type { Link, LinkEvents, Network } from "../vm/network.js"
import { type RadioSource, type StoredNetwork, WifiService } from "../vm/wifi-service.js"
import type { Supply } from "./supply.js"

export interface RadioOptions {
    clock: Clock
    network: Network
    wifi?: { radio: RadioSource; stored: StoredNetwork; random: () => number }
    chipId: string
    send: (frame: Buffer) => void
    /** The interface has gone down. */
    onOffline: () => void
    supply: Supply
}

export class Radio implements Network {
    private readonly service: WifiService | undefined

    constructor(private readonly options: RadioOptions) {
        const { clock, wifi, chipId, send, onOffline, supply } = options
        this.service =
            wifi &&
            new WifiService({
                clock,
                ...wifi,
                deviceId: otherId(chipId),
                send,
                onRadio: (state) => {
                    supply.radio(state)
                    if (state !== "joined") onOffline()
                },
            })
    }

    get isOnline(): boolean {
        return this.service?.isOnline ?? true
    }
    follow(state: ChipState): void {
        this.service?.powerOff()
        if (state === "awake") this.service?.boot()
        // It runs from boot on, whatever the program does; without a service it counts as joined.
        this.options.supply.radio(state !== "awake" ? "off" : (this.service?.state ?? "joined"))
    }
    hear(frame: Buffer): void {
        this.service?.hear(frame)
    }

    open(host: string, port: number, events: LinkEvents): Link {
        const { network, supply } = this.options
        const link = network.open(host, port, {
            ...events,
            received: (bytes) => {
                supply.traffic(bytes.length, false)
                events.received(bytes)
            },
        })
        return {
            write: (bytes) => {
                supply.traffic(bytes.length, true)
                return link.write(bytes)
            },
            close: () => link.close(),
        }
    }
}

/** The id of the service's device: never the chip's own. */
function otherId(chipId: string): string {
    const id = Buffer.from(chipId, "hex")
    id[0] = id[0]! ^ 0xff
    return id.toString("hex")
}
