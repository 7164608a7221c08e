// A u-blox receiver on I2C ("DDC"). It starts as the part does: NMEA on, NAV-PVT off, the interference
// monitor off. It changes only by messages that it acknowledges. The generation decides which it
// knows: "m10" CFG-VALSET alone, "m8" the older CFG-PRT, CFG-MSG and so on.
//
// Power, by the M10 interface description UBX-21035062 R02 and the integration manuals: RXM-PMREQ
// with the backup bit puts it into software standby for a duration of up to 12 days or, with 0, until
// an edge on a pin that the message names (UART RX, EXTINT, SPI CS). I2C is not among the pins, and a
// part in standby does not acknowledge: a board with I2C alone wakes it by the duration, or wires
// EXTINT. (SparkFun's library says that a query wakes the part as well; `wakesOnI2c` is for that.)
// RAM settings go in standby, BBR settings and what it knows of time, place and orbits stay.
//
// Not modelled: on/off power save, MGA-DBD and UPD-SOS (the M10 in ROM has no flash for it), the
// few hundred milliseconds of start-up in which the part does not listen, polls of CFG messages.

import type { Clock, Timer } from "../vm/clock.js"
import { UBLOX_M8_UA, UBLOX_M10_UA } from "./currents.js"
import { DdcPort, type ReceiverFault } from "./ddc-port.js"
import { GnssSearch, NOTHING_KNOWN, type Sky, type SkyConditions } from "./gnss-search.js"
import { heardSatellites, type SkySource, seenSolution } from "./gnss-view.js"
import { type I2cChip, I2cNak } from "./i2c-bus.js"
import { takeAiding } from "./mga-aiding.js"
import { SENTENCE_ORDER, type SentenceName, sentences } from "./nmea-sentences.js"
import { PoweredPart } from "./power-draw.js"
import { type KeyName, UbloxSettings } from "./ublox-settings.js"
import { acknowledgement, type NavSolution, navPvt, takeUbxFrames } from "./ubx-frame.js"
import * as report from "./ubx-report.js"

export type { ReceiverFault } from "./ddc-port.js"
export type { SkySource } from "./gnss-view.js"

export const UBLOX_ADDRESS = 0x42

/** Bytes that another receiver once sent. They begin to flow once NAV-PVT is switched on. */
export interface Capture {
    bytes: Uint8Array
    bytesPerS: number
}

export interface UbloxOptions {
    clock: Clock
    source: SkySource | Capture
    generation?: "m8" | "m10"
    /** With it the part searches before it has a fix, and loses it; without it has one at once. */
    sky?: SkyConditions
    /** Uniform in [0, 1); the luck of a search. Always middling where left out. */
    random?: () => number
    /** V_BCKP is wired: what it knows outlives power-off. */
    hasBackupSupply?: boolean
    /** A transaction to it ends standby, and is itself not acknowledged. */
    wakesOnI2c?: boolean
    /** Knows SEC-SIG, as firmware later than SPG 5.10 does. */
    hasSecSig?: boolean
}

/** A frame longer than this is taken for noise: CFG-VALSET ends at 4 + 64 × 12 bytes. */
const INPUT_BYTES_MAX = 1024
const STANDBY_MAX_MS = 12 * 86_400_000
const PIN_EXTINT = 1 << 5
const BACKUP_BIT = 2
const CLASS_NAV = 0x01
const CLASS_RXM = 0x02
const CLASS_CFG = 0x06
const CLASS_MGA = 0x13
const CFG_RST = 0x04
const CFG_CFG = 0x09
const CFG_VALSET = 0x8a
const RXM_PMREQ = 0x41
const MGA_INI = 0x40
/** CFG-RST, resetMode. */
const RESET = { gnssOnly: 2, stop: 8, start: 9 } as const
const BBR_EPHEMERIS = 1
const BBR_POSITION = 1 << 4
const BBR_CLOCK = 1 << 8

const SENTENCE_KEYS: Record<SentenceName, KeyName> = {
    RMC: "rmc",
    VTG: "vtg",
    GGA: "gga",
    GSA: "gsa",
    GSV: "gsv",
    GLL: "gll",
}
const OPEN_SKY: Sky = { satellites: 12, cn0DbHz: 42, isJammed: false, isSpoofed: false }
const VERSIONS = {
    m8: {
        software: "ROM CORE 3.01 (107888)",
        hardware: "00080000",
        extensions: ["FWVER=SPG 3.01", "PROTVER=18.00", "GPS;GLO;GAL;BDS", "SBAS;IMES;QZSS"],
    },
    m10: {
        software: "ROM SPG 5.10 (7b202e)",
        hardware: "000A0000",
        extensions: ["FWVER=SPG 5.10", "PROTVER=34.10", "GPS;GLO;GAL;BDS", "SBAS;QZSS"],
    },
}

type PowerState = "off" | "on" | "stopped" | "standby"

export class Ublox extends PoweredPart implements I2cChip {
    readonly search: GnssSearch
    private readonly settings = new UbloxSettings()
    private readonly port = new DdcPort()
    private readonly generation: "m8" | "m10"
    private power: PowerState = "off"
    private timer: Timer | undefined
    private wakePins = 0
    /** What was written and is no whole frame yet. */
    private heard: Uint8Array = new Uint8Array(0)
    private solutions = 0
    private played = 0
    private offset: readonly [number, number] = [0, 0]
    private latest: NavSolution | undefined

    constructor(private readonly options: UbloxOptions) {
        super()
        this.generation = options.generation ?? "m10"
        this.search = new GnssSearch(options.random ?? (() => 0.5))
    }

    /** How it fails now; set and cleared by whoever plays fate. */
    get fault(): ReceiverFault | undefined {
        return this.port.fault
    }
    set fault(fault: ReceiverFault | undefined) {
        this.port.fault = fault
    }

    powerOn(): void {
        if (this.fault === "hung" || this.fault === "babbling") this.fault = undefined
        this.start()
    }
    powerOff(): void {
        this.timer?.cancel()
        this.power = "off"
        if (!this.options.hasBackupSupply) {
            this.settings.forget()
            this.search.memory = { ...NOTHING_KNOWN }
        }
        this.draw()
    }
    /** An edge on the EXTINT pin. */
    pulseExtint(): void {
        if (this.power === "standby" && this.wakePins & PIN_EXTINT) this.start()
    }
    get isInStandby(): boolean {
        return this.power === "standby"
    }

    write(bytes: Uint8Array): void {
        this.acknowledge()
        if (bytes.length === 1) this.port.select(bytes[0]!)
        else if (bytes.length > 1 && this.port.hears) this.hear(bytes)
    }
    read(count: number): Uint8Array {
        this.acknowledge()
        return this.port.read(count)
    }

    private acknowledge(): void {
        if (this.fault === "missing" || this.power === "off") throw new I2cNak("no receiver")
        if (this.power !== "standby") return
        if (this.options.wakesOnI2c) this.start()
        throw new I2cNak("the receiver is in standby")
    }
    private start(): void {
        this.timer?.cancel()
        this.settings.load()
        this.port.clear()
        this.heard = new Uint8Array(0)
        this.startGnss()
    }
    private startGnss(): void {
        this.timer?.cancel()
        this.power = "on"
        this.latest = undefined
        const { random } = this.options
        this.offset = random ? [gaussian(random), gaussian(random)] : [0, 0]
        this.search.start(this.options.clock.nowMs)
        this.scheduleSolution()
        this.draw()
    }
    private stopGnss(): void {
        this.timer?.cancel()
        this.power = "stopped"
        this.draw()
    }
    private standby(durationMs: number, wakePins: number): void {
        this.timer?.cancel()
        this.power = "standby"
        this.wakePins = wakePins
        this.port.clear()
        if (durationMs > 0) this.timer = this.options.clock.after(durationMs, () => this.start())
        this.draw()
    }
    private draw(): void {
        const ua = this.generation === "m8" ? UBLOX_M8_UA : UBLOX_M10_UA
        const draws: Record<PowerState, number> = {
            off: this.options.hasBackupSupply ? ua.backup : 0,
            standby: ua.standby,
            stopped: ua.stopped,
            on: this.isSearching()
                ? ua.acquisition
                : this.settings.get("powerMode") === 0
                  ? ua.tracking
                  : ua.powerSave,
        }
        this.setDraw(this.options.clock.nowMs, draws[this.power])
    }
    private isSearching(): boolean {
        return this.options.sky !== undefined && this.search.phase !== "fix"
    }

    /** Solutions come at full steps of UTC, as the part aligns them. */
    private scheduleSolution(): void {
        const { clock } = this.options
        const step = this.settings.get("measureMs")
        const next = (Math.floor(clock.nowMs / step) + 1) * step
        this.timer = clock.after(next - clock.nowMs, () => {
            this.solve(next)
            this.scheduleSolution()
        })
    }
    private solve(atMs: number): void {
        this.solutions++
        const { source, sky } = this.options
        if (sky) this.search.step(atMs, sky(atMs))
        this.draw()
        if (typeof source !== "function") this.play(source)
        else {
            const solution = source(atMs)
            const seen = sky
                ? seenSolution(this.search, sky(atMs), solution, atMs, this.offset)
                : solution
            if (seen) this.tell(seen)
        }
    }
    private play({ bytes, bytesPerS }: Capture): void {
        if (this.settings.get("navPvt") === 0) return
        const stepMs = this.settings.get("measureMs")
        const until = this.played + Math.ceil((bytesPerS * stepMs) / 1000)
        this.port.push(bytes.subarray(this.played, until))
        this.played = until
    }
    private tell(solution: NavSolution): void {
        this.latest = solution
        if (this.settings.get("outNmea") === 1) {
            const satellites = this.status().satellites
            for (const name of SENTENCE_ORDER)
                if (this.isDue(SENTENCE_KEYS[name]))
                    this.port.push(Buffer.from(sentences(name, { solution, satellites }), "latin1"))
        }
        if (this.settings.get("outUbx") !== 1) return
        if (this.isDue("navPvt")) this.port.push(navPvt(solution))
        for (const { key, frame } of this.reports())
            if (this.isDue(key)) this.port.push(frame(this.status()))
    }
    private isDue(name: KeyName): boolean {
        const every = this.settings.get(name)
        return every > 0 && this.solutions % every === 0
    }

    private status(): report.ReceiverStatus {
        const { clock, sky } = this.options
        const atMs = clock.nowMs
        const conditions = sky?.(atMs) ?? OPEN_SKY
        const isFixOk = this.latest?.isFixOk ?? false
        const isMonitoring = this.settings.get("interferenceMonitor") === 1
        const jamming = conditions.isJammed ? (isFixOk ? 2 : 3) : 1
        const { firstFixAtMs, startedAtMs } = this.search
        const isSaving = this.settings.get("powerMode") !== 0
        return {
            atMs,
            fixType: this.latest?.fixType ?? 0,
            isFixOk,
            isTimeKnown: sky ? this.search.memory.hasTime : true,
            powerState: !isSaving || this.isSearching() ? 0 : 2,
            isSpoofed: conditions.isSpoofed,
            jamming: isMonitoring ? jamming : 0,
            firstFixMs: firstFixAtMs === undefined ? 0 : firstFixAtMs - startedAtMs,
            sinceStartMs: Math.round(atMs - startedAtMs),
            satellites: heardSatellites(conditions, isFixOk),
        }
    }
    /** The messages that this part knows beside NAV-PVT. */
    private reports() {
        const { navSat, navStatus, monHw, monRf, secSig } = report
        return [
            { poll: 0x0103, key: "navStatus", frame: navStatus },
            { poll: 0x0135, key: "navSat", frame: navSat },
            ...(this.generation === "m8"
                ? [{ poll: 0x0a09, key: "monHw", frame: monHw } as const]
                : [{ poll: 0x0a38, key: "monRf", frame: monRf } as const]),
            ...(this.options.hasSecSig
                ? [{ poll: 0x2709, key: "secSig", frame: secSig } as const]
                : []),
        ] as const
    }

    private hear(bytes: Uint8Array): void {
        const { frames, rest } = takeUbxFrames(Buffer.concat([this.heard, bytes]), INPUT_BYTES_MAX)
        this.heard = rest
        for (const { messageClass, id, payload } of frames)
            this.take(messageClass, id, Buffer.from(payload))
    }
    private take(messageClass: number, id: number, payload: Buffer): void {
        if (messageClass === CLASS_CFG) this.configure(id, payload)
        else if (messageClass === CLASS_MGA && id === MGA_INI) this.aid(payload)
        else if (messageClass === CLASS_RXM && id === RXM_PMREQ) this.powerRequest(payload)
        else if (payload.length === 0) this.poll(messageClass, id)
    }
    private configure(id: number, payload: Buffer): void {
        if (id === CFG_RST) {
            if (payload.length === 4) this.reset(payload.readUInt16LE(0), payload[2]!)
            return
        }
        const isTaken = this.fault !== "refusing" && this.change(id, payload)
        this.port.push(acknowledgement(isTaken, CLASS_CFG, id))
        this.draw()
    }
    private change(id: number, payload: Buffer): boolean {
        if (id === CFG_CFG) return this.settings.store(payload)
        if (this.generation === "m8") return this.settings.former(id, payload)
        return id === CFG_VALSET && this.settings.valset(payload)
    }
    /** A poll of what it does not know is left unanswered, as outside of class CFG. */
    private poll(messageClass: number, id: number): void {
        const asked = (messageClass << 8) | id
        if (asked === 0x0a04) {
            const { software, hardware, extensions } = VERSIONS[this.generation]
            this.port.push(report.monVer(software, hardware, extensions))
        } else if (messageClass === CLASS_NAV && id === 0x07) {
            if (this.latest) this.port.push(navPvt(this.latest))
        } else {
            const known = this.reports().find(({ poll }) => poll === asked)
            if (known) this.port.push(known.frame(this.status()))
        }
    }
    private reset(clearMask: number, mode: number): void {
        const memory = this.search.memory
        if (clearMask & BBR_EPHEMERIS) memory.ephemerisAtMs = undefined
        if (clearMask & BBR_POSITION) memory.hasPosition = false
        if (clearMask & BBR_CLOCK) memory.hasTime = false
        if (mode === RESET.stop) this.stopGnss()
        else if (mode === RESET.gnssOnly || mode === RESET.start) this.startGnss()
        else {
            if (this.fault === "babbling") this.fault = undefined
            this.start()
        }
    }
    /** 16 bytes, or 8 as M8 took it at first: a duration, and pins that are UART RX alone. */
    private powerRequest(payload: Buffer): void {
        const isLong = payload.length === 16 && payload[0] === 0
        if (!isLong && !(this.generation === "m8" && payload.length === 8)) return
        const durationMs = payload.readUInt32LE(isLong ? 4 : 0)
        const flags = payload.readUInt32LE(isLong ? 8 : 4)
        const wakePins = isLong ? payload.readUInt32LE(12) : 0
        if (!(flags & BACKUP_BIT) || durationMs > STANDBY_MAX_MS) return
        this.standby(durationMs, wakePins)
    }
    private aid(payload: Buffer): void {
        const code = takeAiding(payload, this.search.memory, this.options.clock.nowMs)
        if (this.settings.get("ackAiding") === 1)
            this.port.push(report.mgaAck(code, MGA_INI, payload))
    }
}

function gaussian(random: () => number): number {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
