// The Wi-Fi service of the runtime, which the machine lacks: a device of its own on the chip's bus
// that announces, answers and behaves as runtime/devicescript/network/wifi.c does on an ESP32. What
// matters to a program:
//
// - It knows one network. `addNetwork` replaces it, writes it into the settings store when it
//   differs, and joins at once, unless a join is under way or the interface is up already.
// - A join that fails, or a network that is lost, is tried again at once and for ever, so the radio
//   never rests; a scan cannot begin meanwhile. Only `enabled` = false stops that.
// - Unconnected and idle it scans from 2.05 s after boot, then every 10 s, and joins what it knows.
// - The list of a scan goes out by a pipe; see jacdac-pipe.ts.
//
// Modelled, not measured: how long a scan and a join take.

import type { Clock, Timer } from "./clock.js"
import { EVENT, type Frame, frameOf, GET_REGISTER, reportFrame, SET_REGISTER } from "./jacdac.js"
import { JacdacPipe } from "./jacdac-pipe.js"

/** A network heard at the chip's place. */
export interface HeardNetwork {
    ssid: string
    /** 6 bytes. */
    bssid: Buffer
    signalDbm: number
    channel: number
    /** Empty for an open network. */
    password: string
}
/** What the radio hears at an instant. */
export type RadioSource = (atMs: number) => readonly HeardNetwork[]

/** The network that the service knows; it lies in the settings store and outlives resets. */
export interface StoredNetwork {
    ssid: string
    password: string
    /** Two settings a change: what a power cut may tear. */
    writes: number
}

export interface WifiServiceOptions {
    clock: Clock
    radio: RadioSource
    stored: StoredNetwork
    /** Uniform in [0, 1). */
    random: () => number
    /** 16 hexadecimal digits, not the chip's own. */
    deviceId: string
    /** Puts a frame on the chip's bus. */
    send: (frame: Buffer) => void
    /** Told after each change of what the radio does. */
    onRadio?: (state: RadioState) => void
}

/** Idle between scans, receiving without a pause to scan or to join, or joined and dozing. */
export type RadioState = "idle" | "searching" | "joined"

const WIFI_CLASS = 0x18aae1fa
const WIFI = 1
const CONTROL = 0
const ANNOUNCE = 0
const COMMAND = {
    lastScan: 0x80,
    add: 0x81,
    reconnect: 0x82,
    forget: 0x83,
    forgetAll: 0x84,
    scan: 0x86,
}
const NOT_IMPLEMENTED = 0x03
const REGISTER = { signal: 0x101, enabled: 0x001, address: 0x181, mac: 0x182, ssid: 0x183 }
const EVENT_CODE = { gotIp: 0x01, lostIp: 0x02, scanComplete: 0x80, networksChanged: 0x81 }
/** Every event is sent three times under one number. */
const EVENT_SENDS_MS = [0, 20, 70]
const EVENT_NUMBERS = 128

const FIRST_ANNOUNCE_MS = 20
/** The machine forgets a device after 2 s. */
const ANNOUNCE_MS = 1500
const ANSWER_MS = 1
const FIRST_SCAN_MS = 2050
const SCAN_EVERY_MS = 10_240
/** 13 channels of 120 ms and the way between them. */
const SCAN_MS = 1800
const JOIN_LEAST_MS = 1500
const JOIN_MOST_MS = 4000
/** The handshake with a wrong password runs into its time limit. */
const REFUSED_MS = 4500
/** A network is lost when so many beacons in a row are missed: 6 s in ESP-IDF. */
const BEACONS_LOST_MS = 6000
const LISTEN_MS = 2000
const NO_SIGNAL_DBM = -128
/** Below it no frame is understood. */
const HEARD_LEAST_DBM = -95
const ADDRESS = Buffer.from([192, 168, 4, 2])
const RECORD_BYTES = 49
const SSID_BYTES_MAX = 32
const HAS_PASSWORD = 1
const RESTART_STEADY = 15
const SUPPORTS_ACK = 0x100

export class WifiService {
    private readonly id: Buffer
    private readonly timers = new Set<Timer>()
    private pipe: JacdacPipe | undefined
    private isOn = false
    private isEnabled = true
    private isScanning = false
    /** True while a join is under way and, as in the runtime, while its network is there. */
    private isConnecting = false
    private isRescanAsked = false
    private joined: HeardNetwork | undefined
    private told: RadioState = "idle"
    /** Tells the timers of a join that was called off from those of the one under way. */
    private attempt = 0
    private unheardMs = 0
    private results: readonly HeardNetwork[] = []
    private announces = 0
    private events = 0

    constructor(private readonly options: WifiServiceOptions) {
        this.id = Buffer.from(options.deviceId, "hex")
    }

    get isOnline(): boolean {
        return this.joined !== undefined
    }
    get state(): RadioState {
        if (this.joined) return "joined"
        return this.isConnecting || this.isScanning ? "searching" : "idle"
    }

    /** The runtime has begun. */
    boot(): void {
        this.isOn = true
        this.announce()
        this.after(FIRST_SCAN_MS, () => this.scanNowAndThen())
    }
    /** The chip sleeps, resets or has no power. */
    powerOff(): void {
        for (const timer of this.timers) timer.cancel()
        this.timers.clear()
        this.pipe?.close()
        this.isOn = false
        this.isEnabled = true
        this.isScanning = false
        this.isConnecting = false
        this.isRescanAsked = false
        this.joined = undefined
        this.told = "idle"
        this.attempt++
        this.results = []
        this.announces = 0
    }
    /** A frame that the machine put on the bus. */
    hear(bytes: Buffer): void {
        if (!this.isOn) return
        const frame = frameOf(bytes)
        this.pipe?.hear(frame)
        if (!frame.isCommand || !frame.deviceId.equals(this.id)) return
        for (const packet of frame.packets) {
            if (packet.service === WIFI) this.obey(packet)
            else if (packet.service === CONTROL && packet.command === ANNOUNCE) this.announceOnce()
        }
    }

    private obey({ command, data }: Frame["packets"][number]): void {
        if (command === COMMAND.add) this.add(data)
        else if (command === COMMAND.scan) this.scan()
        else if (command === COMMAND.reconnect) this.reconnect()
        else if (command === COMMAND.forget) this.forget(data.toString())
        else if (command === COMMAND.forgetAll) this.forget(this.options.stored.ssid)
        else if (command === COMMAND.lastScan) this.listScan(Buffer.from(data))
        else if (command === (SET_REGISTER | REGISTER.enabled)) this.enable(data[0] !== 0)
        else if ((command & GET_REGISTER) !== 0) this.answer(command)
    }
    private answer(command: number): void {
        const value = this.register(command & 0xfff)
        if (value) {
            this.report(WIFI, command, value)
            return
        }
        const refused = Buffer.alloc(4)
        refused.writeUInt16LE(command, 0)
        this.report(WIFI, NOT_IMPLEMENTED, refused)
    }
    private register(code: number): Buffer | undefined {
        if (code === REGISTER.enabled) return Buffer.from([this.isEnabled ? 1 : 0])
        if (code === REGISTER.signal) return Buffer.from([this.signalDbm() & 255])
        if (code === REGISTER.address) return this.joined ? ADDRESS : Buffer.alloc(0)
        if (code === REGISTER.ssid) return Buffer.from(this.joined?.ssid ?? "")
        if (code === REGISTER.mac) return this.id.subarray(0, 6)
        return undefined
    }
    private signalDbm(): number {
        return this.best(this.joined?.ssid)?.signalDbm ?? NO_SIGNAL_DBM
    }

    private add(data: Buffer): void {
        const [ssid, password, rest] = data.toString().split("\0")
        // A name, a zero, a password or none, a zero: anything else is passed over.
        if (!ssid || password === undefined || data.at(-1) !== 0) return
        const { stored } = this.options
        const given = rest === undefined ? "" : password
        if (stored.ssid !== ssid || stored.password !== given) stored.writes++
        stored.ssid = ssid
        stored.password = given
        this.event(EVENT_CODE.networksChanged)
        this.connect()
    }
    private forget(ssid: string): void {
        const { stored } = this.options
        if (stored.ssid === "" || stored.ssid !== ssid) return
        stored.ssid = ""
        stored.password = ""
        this.event(EVENT_CODE.networksChanged)
    }
    private enable(isEnabled: boolean): void {
        if (isEnabled === this.isEnabled) return
        this.isEnabled = isEnabled
        if (isEnabled) this.scan()
        else if (this.isConnecting) this.lose()
    }
    private reconnect(): void {
        this.isRescanAsked = true
        if (this.isConnecting) this.lose()
    }

    private scanNowAndThen(): void {
        if (!this.joined) this.scan()
        this.after(SCAN_EVERY_MS, () => this.scanNowAndThen())
    }
    private scan(): void {
        // The radio cannot scan while it joins.
        if (this.isScanning || (this.isConnecting && !this.joined)) return
        this.isScanning = true
        this.tellRadio()
        this.after(SCAN_MS, () => {
            this.isScanning = false
            this.tellRadio()
            this.results = [...this.heard()].sort((a, b) => b.signalDbm - a.signalDbm)
            const known = this.results.filter(({ ssid }) => ssid === this.options.stored.ssid)
            const counts = Buffer.alloc(4)
            counts.writeUInt16LE(this.results.length, 0)
            counts.writeUInt16LE(known.length, 2)
            this.event(EVENT_CODE.scanComplete, counts)
            if (this.isEnabled && known.length > 0) this.connect()
        })
    }
    private listScan(opening: Buffer): void {
        if (opening.length < 10) return
        const { clock, send } = this.options
        this.pipe?.close()
        const deliver = (frame: Buffer) => this.after(ANSWER_MS, () => send(frame))
        this.pipe = new JacdacPipe(clock, opening, this.results.map(scanRecord), deliver)
    }

    private connect(): void {
        const { stored, random } = this.options
        if (this.isConnecting || stored.ssid === "") return
        this.isConnecting = true
        this.tellRadio()
        const attempt = ++this.attempt
        const { ssid, password } = stored
        const point = this.best(ssid)
        const joinMs = JOIN_LEAST_MS + (JOIN_MOST_MS - JOIN_LEAST_MS) * random()
        const isRefused = point !== undefined && point.password !== password
        this.after(!point ? SCAN_MS : isRefused ? REFUSED_MS : joinMs, () => {
            if (attempt !== this.attempt) return
            this.joined = isRefused ? undefined : this.best(ssid)
            if (this.joined) this.joinEnded()
            else this.lose()
        })
    }
    private joinEnded(): void {
        this.unheardMs = 0
        this.tellRadio()
        this.event(EVENT_CODE.gotIp)
        this.after(LISTEN_MS, () => this.listen())
    }
    private listen(): void {
        if (!this.joined) return
        this.unheardMs = this.best(this.joined.ssid) ? 0 : this.unheardMs + LISTEN_MS
        if (this.unheardMs >= BEACONS_LOST_MS) this.lose()
        else this.after(LISTEN_MS, () => this.listen())
    }
    /** A join has failed, or the network is gone: the runtime's answer is to begin again. */
    private lose(): void {
        if (!this.isConnecting) return
        this.joined = undefined
        this.isConnecting = false
        this.attempt++
        if (this.isRescanAsked) {
            this.isRescanAsked = false
            this.scan()
        } else if (this.isEnabled) this.connect()
        this.tellRadio()
        this.event(EVENT_CODE.lostIp)
    }
    private tellRadio(): void {
        if (this.state === this.told) return
        this.told = this.state
        this.options.onRadio?.(this.told)
    }

    private heard(): HeardNetwork[] {
        const { clock, radio } = this.options
        return radio(clock.nowMs).filter(({ signalDbm }) => signalDbm >= HEARD_LEAST_DBM)
    }
    private best(ssid: string | undefined): HeardNetwork | undefined {
        const points = this.heard().filter((point) => point.ssid === ssid)
        return points.sort((a, b) => b.signalDbm - a.signalDbm)[0]
    }

    private announce(): void {
        this.after(this.announces === 0 ? FIRST_ANNOUNCE_MS : ANNOUNCE_MS, () => {
            this.announceOnce()
            this.announce()
        })
    }
    private announceOnce(): void {
        this.announces = Math.min(this.announces + 1, RESTART_STEADY)
        const data = Buffer.alloc(8)
        data.writeUInt16LE(SUPPORTS_ACK | this.announces, 0)
        data.writeUInt32LE(WIFI_CLASS, 4)
        this.options.send(reportFrame(this.id, { service: CONTROL, command: ANNOUNCE, data }))
    }
    private event(code: number, data = Buffer.alloc(0)): void {
        this.events = (this.events + 1) % EVENT_NUMBERS
        const command = EVENT | (this.events << 8) | code
        for (const delayMs of EVENT_SENDS_MS)
            this.after(ANSWER_MS + delayMs, () => this.send(WIFI, command, data))
    }
    private report(service: number, command: number, data: Buffer): void {
        this.after(ANSWER_MS, () => this.send(service, command, data))
    }
    private send(service: number, command: number, data: Buffer): void {
        this.options.send(reportFrame(this.id, { service, command, data }))
    }
    private after(delayMs: number, run: () => void): void {
        const timer = this.options.clock.after(delayMs, () => {
            this.timers.delete(timer)
            run()
        })
        this.timers.add(timer)
    }
}

/** One line of a scan's list: flags, reserved, signal, channel, BSSID, name. */
function scanRecord({ ssid, bssid, signalDbm, channel, password }: HeardNetwork): Buffer {
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(password === "" ? 0 : HAS_PASSWORD, 0)
    record.writeInt8(signalDbm, 8)
    record[9] = channel
    bssid.copy(record, 10)
    Buffer.from(ssid).copy(record, 16, 0, SSID_BYTES_MAX)
    return record
}
