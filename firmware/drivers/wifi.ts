// Wi-Fi through the runtime's service: several networks, one at a time, for the service knows only
// one. What it knows lies in the settings store, and naming another writes there twice, each a moment
// in which a power cut erases the store. So the one that worked last is named first (equal, so nothing
// is written), and another only where a scan has heard it, once a call.
//
// A role waits without end where no service answers: every call here has a limit. Where there is no
// service (the simulator without networks around it), sockets simply work.
//
// The list of a scan is a pipe, for which the library has no reader. The runtime hands commands for
// the program's own services to `_onServerPacket`, pipes among them, but lets it send no
// acknowledgement, so the pipe ends after its first frame: four access points, strongest first.

import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"
import { type AccessPoint, strongest } from "../../protocol/scan.js"

export interface WifiNetwork {
    ssid: string
    /** Empty for an open network. */
    password: string
}

/** An access point with the name of its network. */
interface HeardPoint extends AccessPoint {
    ssid: string
}

interface PacketSink {
    _onServerPacket: (packet: ds.Packet) => Promise<void>
}
interface CommandSender {
    sendCommand(command: number, payload: Buffer): Promise<void>
}

/** Networks that the bench may write: settings ssid0 and psk0 to ssid3 and psk3. */
export const WIFI_NETWORKS_MAX = 4
/** On the first boot after flashing the runtime finds its own services within a second. */
const BIND_MS = 1200
const STEP_MS = 50
const ANSWER_MS = 500
const SCAN_MS = 4000
/** Four seconds are a slow join; as long again for a second try. */
const JOIN_MS = 8000
/** Two tries that failed: the first may have been for the network named before. */
const FAILURES_MAX = 2
const NO_SIGNAL_DBM = -128

const LAST_SCAN = 0x80
const PIPE_SERVICE = 0x3e
const PIPE_PORT = 1
const PIPE_PORT_SHIFT = 7
const RECORD_BYTES = 49
/** As many as the first frame of the pipe holds. */
export const SCAN_READ_MAX = 4

/** The networks that the bench wrote into the board, in order; none where there are none. */
export async function readWifiNetworks(): Promise<WifiNetwork[]> {
    const networks: WifiNetwork[] = []
    for (let i = 0; i < WIFI_NETWORKS_MAX; i++) {
        const ssid = await readSetting<string>(`ssid${i}`, "")
        if (ssid.length === 0) break
        networks.push({ ssid: ssid, password: await readSetting<string>(`psk${i}`, "") })
    }
    return networks
}

export class Wifi {
    /** The network that the service knows; worth keeping over a sleep. */
    current = 0
    private role = new ds.Wifi("wifi")
    private isUp = false
    private failures = 0
    private scans = 0
    private heard: HeardPoint[] = []
    private rssiDbm = NO_SIGNAL_DBM
    private ssid = ""

    constructor(
        private networks: WifiNetwork[],
        current: number,
    ) {
        if (current >= 0 && current < networks.length) this.current = current
        const self = this
        this.role.gotIp.subscribe(async () => {
            self.isUp = true
        })
        this.role.lostIp.subscribe(async () => {
            self.isUp = false
            self.failures++
        })
        this.role.scanComplete.subscribe(async () => {
            self.scans++
        })
        ;(ds as unknown as PacketSink)._onServerPacket = async (packet: ds.Packet) => {
            self.takeRecord(packet)
        }
    }

    /** There is a service; sockets work only while a network is joined. */
    hasService(): boolean {
        return this.role.isBound
    }
    /** Sockets can be opened now. */
    isJoined(): boolean {
        return this.isUp || !this.hasService()
    }

    /**
     * Joins a network and answers whether one is joined, within 30 s. With no service at all it
     * answers at once, or after 1.2 s, that sockets work.
     */
    async join(): Promise<boolean> {
        for (let ms = 0; ms < BIND_MS && !this.hasService(); ms += STEP_MS) await ds.sleep(STEP_MS)
        if (!this.hasService()) return true
        if (await this.isUpAlready()) return true
        if (this.networks.length === 0) return await this.waitForIp()
        if (await this.tryNetwork(this.current)) return true
        const other = await this.otherHeard()
        return other >= 0 && (await this.tryNetwork(other))
    }

    /** Of the network joined, dBm; -128 where none is. */
    async signalDbm(): Promise<number> {
        this.rssiDbm = NO_SIGNAL_DBM
        if (this.isUp && this.hasService()) await this.within(ANSWER_MS, readSignal)
        return this.rssiDbm
    }

    /** The access points heard, strongest first, at most four; a join that is under way is called off. */
    async scan(): Promise<AccessPoint[]> {
        await this.hearPoints()
        return strongest(this.heard)
    }

    private async isUpAlready(): Promise<boolean> {
        this.ssid = ""
        await this.within(ANSWER_MS, readSsid)
        if (this.ssid.length === 0) return false
        for (let i = 0; i < this.networks.length; i++)
            if (this.networks[i].ssid === this.ssid) this.current = i
        this.isUp = true
        return true
    }
    private async tryNetwork(index: number): Promise<boolean> {
        this.current = index
        await this.within(ANSWER_MS, nameNetwork)
        return await this.waitForIp()
    }
    private async waitForIp(): Promise<boolean> {
        this.failures = 0
        for (let ms = 0; ms < JOIN_MS && !this.isUp; ms += STEP_MS) {
            if (this.failures >= FAILURES_MAX) break
            await ds.sleep(STEP_MS)
        }
        return this.isUp
    }
    /** Another of our networks that a scan hears; where the list is full, the next one. Else -1. */
    private async otherHeard(): Promise<number> {
        const count = this.networks.length
        if (count < 2) return -1
        await this.hearPoints()
        for (let i = 1; i < count; i++) {
            const index = (this.current + i) % count
            for (const point of this.heard)
                if (point.ssid === this.networks[index].ssid) return index
        }
        return this.heard.length < SCAN_READ_MAX ? -1 : (this.current + 1) % count
    }
    private async hearPoints(): Promise<void> {
        this.heard = []
        if (!this.hasService()) return
        const before = this.scans
        // The radio cannot scan while it joins, and it joins for ever unless it is told not to.
        const wasUp = this.isUp
        if (!wasUp) await this.within(ANSWER_MS, disable)
        await this.within(ANSWER_MS, startScan)
        for (let ms = 0; ms < SCAN_MS && this.scans === before; ms += STEP_MS)
            await ds.sleep(STEP_MS)
        if (this.scans !== before) await this.within(ANSWER_MS, askForList)
        await ds.sleep(ANSWER_MS)
        if (!wasUp) await this.within(ANSWER_MS, enable)
    }
    private takeRecord(packet: ds.Packet): void {
        const isOurs =
            packet.serviceIndex === PIPE_SERVICE &&
            packet.serviceCommand >> PIPE_PORT_SHIFT === PIPE_PORT
        const record = packet.payload
        if (!isOurs || record.length < RECORD_BYTES || this.heard.length >= SCAN_READ_MAX) return
        const bssid = record.slice(10, 16)
        for (const point of this.heard)
            if (point.bssid.toString("hex") === bssid.toString("hex")) return
        let end = 16
        while (end < RECORD_BYTES && record[end] !== 0) end++
        const signal = record[8]
        this.heard.push({
            bssid: bssid,
            signalDbm: signal > 127 ? signal - 256 : signal,
            ssid: record.slice(16, end).toString(),
        })
    }

    /** Runs a call on the role; one that has not come back in time is left behind. */
    private async within(limitMs: number, call: (wifi: Wifi) => Promise<void>): Promise<void> {
        const done = { isDone: false }
        guarded.start(this, call, done)
        for (let ms = 0; ms < limitMs && !done.isDone; ms += STEP_MS) await ds.sleep(STEP_MS)
    }
    /** For the calls below. */
    service(): ds.Wifi {
        return this.role
    }
    wanted(): WifiNetwork {
        return this.networks[this.current]
    }
    noteSignal(dbm: number): void {
        this.rssiDbm = dbm
    }
    noteSsid(ssid: string): void {
        this.ssid = ssid
    }
}

async function guarded(
    wifi: Wifi,
    call: (wifi: Wifi) => Promise<void>,
    done: { isDone: boolean },
): Promise<void> {
    try {
        await call(wifi)
    } catch (e) {
        console.log(`wifi: ${(e as Error).message}`)
    }
    done.isDone = true
}
async function nameNetwork(wifi: Wifi): Promise<void> {
    const network = wifi.wanted()
    await wifi.service().addNetwork(network.ssid, network.password)
    await wifi.service().enabled.write(true)
}
async function readSignal(wifi: Wifi): Promise<void> {
    wifi.noteSignal(await wifi.service().reading.read())
}
async function readSsid(wifi: Wifi): Promise<void> {
    wifi.noteSsid(await wifi.service().ssid.read())
}
async function startScan(wifi: Wifi): Promise<void> {
    await wifi.service().scan()
}
async function disable(wifi: Wifi): Promise<void> {
    await wifi.service().enabled.write(false)
}
async function enable(wifi: Wifi): Promise<void> {
    await wifi.service().enabled.write(true)
}
async function askForList(wifi: Wifi): Promise<void> {
    const opening = Buffer.alloc(12)
    opening.set(Buffer.from(ds.deviceIdentifier("server"), "hex"), 0)
    opening[8] = PIPE_PORT
    const sender = wifi.service() as unknown as CommandSender
    await sender.sendCommand(LAST_SCAN, opening)
}
