// A receiver that speaks NMEA alone: CDTop PA1010D (MediaTek MT3333), the part on Adafruit's "Mini GPS"
// and of the class of Quectel's L76 and Telit's SL869-V2, whose manual describes the bus: address 0x10,
// no registers, what is read is the stream, and line feeds fill up what there is none of. It takes
// $PMTK commands and answers $PMTK001 with the command's number and 3 for done, 1 for unknown.

import type { Clock, Timer } from "../vm/clock.js"
import { ByteQueue } from "./byte-queue.js"
import { PA1010D_UA } from "./currents.js"
import { GnssSearch, NOTHING_KNOWN, type Sky, type SkyConditions } from "./gnss-search.js"
import { heardSatellites, type SkySource, seenSolution } from "./gnss-view.js"
import { type I2cChip, I2cNak } from "./i2c-bus.js"
import { SENTENCE_ORDER, type SentenceName, sentence, sentences } from "./nmea-sentences.js"
import { PoweredPart } from "./power-draw.js"

export const PA1010D_ADDRESS = 0x10

export interface Pa1010dOptions {
    clock: Clock
    source: SkySource
    sky?: SkyConditions
    random?: () => number
    /** VBACKUP is wired: what it knows outlives power-off. */
    hasBackupSupply?: boolean
}

const BUFFER_BYTES = 4096
const FILLER = 0x0a
const COMMAND_BYTES_MAX = 255
const INTERVAL_MS = 1000
const INTERVALS_MS = [100, 10_000] as const
/** PMTK314: which position of its list rates which sentence. */
const RATE_FIELDS: readonly SentenceName[] = ["GLL", "RMC", "VTG", "GGA", "GSA", "GSV"]
const RATES_ON: Readonly<Record<SentenceName, number>> = {
    RMC: 1,
    VTG: 1,
    GGA: 1,
    GSA: 1,
    GSV: 5,
    GLL: 0,
}
const OPEN_SKY: Sky = { satellites: 12, cn0DbHz: 42, isJammed: false, isSpoofed: false }
const DONE = 3
const UNKNOWN = 1

export class Pa1010d extends PoweredPart implements I2cChip {
    readonly search: GnssSearch
    private readonly waiting = new ByteQueue(BUFFER_BYTES)
    private power: "off" | "on" | "standby" | "backup" = "off"
    private rates: Record<SentenceName, number> = { ...RATES_ON }
    private intervalMs = INTERVAL_MS
    private solutions = 0
    private timer: Timer | undefined

    constructor(private readonly options: Pa1010dOptions) {
        super()
        this.search = new GnssSearch(options.random ?? (() => 0.5))
    }

    powerOn(): void {
        this.rates = { ...RATES_ON }
        this.intervalMs = INTERVAL_MS
        this.waiting.clear()
        this.start()
    }
    powerOff(): void {
        this.timer?.cancel()
        this.power = "off"
        if (!this.options.hasBackupSupply) this.search.memory = { ...NOTHING_KNOWN }
        this.draw()
    }

    /** Standby (PMTK161) ends with any byte; backup (PMTK225,4) with a pin or the power alone. */
    write(bytes: Uint8Array): void {
        this.acknowledge()
        if (this.power === "standby") {
            this.start()
            return
        }
        if (bytes.length > COMMAND_BYTES_MAX) return
        const text = Buffer.from(bytes).toString("latin1")
        const command = /\$(PMTK(\d{3})((?:,[^,*$]*)*))\*[0-9A-F]{2}\r\n/g
        for (const [whole, body, number, fields] of text.matchAll(command))
            if (sentence(body!) === whole) this.obey(number!, fields!.split(",").slice(1))
    }
    read(count: number): Uint8Array {
        this.acknowledge()
        return Uint8Array.from({ length: count }, () => this.waiting.shift() ?? FILLER)
    }

    private acknowledge(): void {
        if (this.power === "off" || this.power === "backup") throw new I2cNak("no receiver")
    }
    private obey(number: string, fields: readonly string[]): void {
        const { memory } = this.search
        let flag = DONE
        if (number === "314") flag = this.setRates(fields.map(Number))
        else if (number === "220") flag = this.setInterval(Number(fields[0]))
        else if (number === "605") this.say("PMTK705,AXN_5.1.7_3333_19020118,0027,PA1010D,1.0")
        else if (number === "161") this.sleep("standby")
        else if (number === "225" && fields[0] === "4") this.sleep("backup")
        else if (number === "101") this.start()
        else if (number === "102" || number === "103" || number === "104") {
            memory.ephemerisAtMs = undefined
            if (number !== "102") this.search.memory = { ...NOTHING_KNOWN }
            this.start()
        } else flag = UNKNOWN
        const isSilent = ["101", "102", "103", "104", "605"].includes(number)
        if (!isSilent && this.power === "on") this.say(`PMTK001,${number},${flag}`)
    }
    private setRates(values: readonly number[]): number {
        const isFine = values.length >= RATE_FIELDS.length && values.every((v) => v >= 0 && v <= 5)
        if (!isFine) return UNKNOWN
        for (const [i, name] of RATE_FIELDS.entries()) this.rates[name] = values[i]!
        return DONE
    }
    private setInterval(intervalMs: number): number {
        const [least, most] = INTERVALS_MS
        if (!(intervalMs >= least && intervalMs <= most)) return UNKNOWN
        this.intervalMs = intervalMs
        return DONE
    }
    private say(text: string): void {
        this.waiting.push(Buffer.from(sentence(text), "latin1"))
    }

    private start(): void {
        this.timer?.cancel()
        this.power = "on"
        this.search.start(this.options.clock.nowMs)
        this.schedule()
        this.draw()
    }
    private sleep(power: "standby" | "backup"): void {
        this.timer?.cancel()
        this.power = power
        this.waiting.clear()
        this.draw()
    }
    private schedule(): void {
        const { clock } = this.options
        const next = (Math.floor(clock.nowMs / this.intervalMs) + 1) * this.intervalMs
        this.timer = clock.after(next - clock.nowMs, () => {
            this.solve(next)
            this.schedule()
        })
    }
    private solve(atMs: number): void {
        const { source, sky } = this.options
        this.solutions++
        const conditions = sky?.(atMs) ?? OPEN_SKY
        if (sky) this.search.step(atMs, conditions)
        this.draw()
        const heard = source(atMs)
        const solution = sky ? seenSolution(this.search, conditions, heard, atMs, [0, 0]) : heard
        if (!solution) return
        const satellites = heardSatellites(conditions, solution.isFixOk)
        for (const name of SENTENCE_ORDER) {
            const every = this.rates[name]
            if (every > 0 && this.solutions % every === 0)
                this.waiting.push(Buffer.from(sentences(name, { solution, satellites }), "latin1"))
        }
    }
    private draw(): void {
        const { sky, clock, hasBackupSupply } = this.options
        const isSearching = sky !== undefined && this.search.phase !== "fix"
        const draws = {
            off: hasBackupSupply ? PA1010D_UA.backup : 0,
            backup: PA1010D_UA.backup,
            standby: PA1010D_UA.standby,
            on: isSearching ? PA1010D_UA.acquisition : PA1010D_UA.tracking,
        }
        this.setDraw(clock.nowMs, draws[this.power])
    }
}
