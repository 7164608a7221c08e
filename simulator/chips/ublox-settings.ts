// What a u-blox part is set to, as key and value (interface description UBX-21035062 R02, chapter 4).
// Current generations take CFG-VALSET, which changes all its keys or none; the messages of M8 are
// translated to the same keys by that document's own table. Two layers: RAM, which standby and reset
// clear, and BBR, which lasts while the backup supply does and is loaded into RAM at each start.

export const Key = {
    outUbx: 0x10720001,
    outNmea: 0x10720002,
    /** Measurement interval, ms. */
    measureMs: 0x30210001,
    /** 0 full power, 1 on/off (not modelled, refused), 2 cyclic tracking. */
    powerMode: 0x20d00001,
    ackAiding: 0x10110025,
    interferenceMonitor: 0x1041000d,
    dynamicModel: 0x20110021,
    navPvt: 0x20910006,
    navSat: 0x20910015,
    navStatus: 0x2091001a,
    monRf: 0x20910359,
    monHw: 0x209101b4,
    secSig: 0x20910634,
    rmc: 0x209100ab,
    vtg: 0x209100b0,
    gga: 0x209100ba,
    gsa: 0x209100bf,
    gsv: 0x209100c4,
    gll: 0x209100c9,
} as const
export type KeyName = keyof typeof Key

/** Defaults: the same document's table of defaults, port I2C. */
const DEFAULTS: Readonly<Record<KeyName, number>> = {
    outUbx: 1,
    outNmea: 1,
    measureMs: 1000,
    powerMode: 0,
    ackAiding: 0,
    interferenceMonitor: 0,
    dynamicModel: 0,
    navPvt: 0,
    navSat: 0,
    navStatus: 0,
    monRf: 0,
    monHw: 0,
    secSig: 0,
    rmc: 1,
    vtg: 1,
    gga: 1,
    gsa: 1,
    gsv: 1,
    gll: 1,
}
const NAMES = new Map<number, KeyName>(
    Object.entries(Key).map(([name, key]) => [key, name as KeyName]),
)
/** Fastest measurement interval of any generation. */
const MEASURE_MS_MIN = 25
const POWER_ON_OFF = 1
const LAYER_RAM = 1
const LAYER_BBR = 2
const LAYERS_KNOWN = LAYER_RAM | LAYER_BBR
const KEYS_MAX = 64
/** Bytes of a value by the size field of its key. */
const VALUE_BYTES = [0, 1, 1, 2, 4, 8]

type Values = Partial<Record<KeyName, number>>

export class UbloxSettings {
    private ram: Values = {}
    private bbr: Values = {}

    get(name: KeyName): number {
        return this.ram[name] ?? DEFAULTS[name]
    }
    set(name: KeyName, value: number): void {
        this.ram = { ...this.ram, [name]: value }
    }
    /** A start: RAM begins with what BBR holds. */
    load(): void {
        this.ram = { ...this.bbr }
    }
    /** The backup supply is gone. */
    forget(): void {
        this.bbr = {}
        this.ram = {}
    }

    /** CFG-VALSET, version 0. False where the part refuses it, and nothing has changed. */
    valset(payload: Buffer): boolean {
        if (payload.length < 5 || payload[0] !== 0) return false
        const layers = payload[1]!
        if (layers === 0 || (layers & ~LAYERS_KNOWN) !== 0) return false
        const values = pairsOf(payload.subarray(4))
        if (!values) return false
        if (layers & LAYER_RAM) this.ram = { ...this.ram, ...values }
        if (layers & LAYER_BBR) this.bbr = { ...this.bbr, ...values }
        return true
    }

    /** CFG-CFG, in every generation: clear, save and load masks, any bit of which means all sections. */
    store(payload: Buffer): boolean {
        if (payload.length !== 12 && payload.length !== 13) return false
        const [clear, save, load] = [0, 4, 8].map((at) => payload.readUInt32LE(at) !== 0)
        if (clear) this.bbr = {}
        if (save) this.bbr = { ...this.ram }
        if (load) this.load()
        return true
    }

    /** A message of M8; false where that generation does not know it. */
    former(id: number, payload: Buffer): boolean {
        const change = formerChange(id, payload)
        if (change) this.ram = { ...this.ram, ...change }
        return change !== undefined
    }
}

function pairsOf(data: Buffer): Values | undefined {
    const values: Values = {}
    let at = 0
    let pairs = 0
    while (at < data.length) {
        if (at + 4 > data.length || ++pairs > KEYS_MAX) return undefined
        const key = data.readUInt32LE(at)
        const bytes = VALUE_BYTES[(key >>> 28) & 7] ?? 0
        const name = NAMES.get(key)
        if (!name || at + 4 + bytes > data.length) return undefined
        const value = data.readUIntLE(at + 4, bytes)
        if (!isValid(name, value)) return undefined
        values[name] = value
        at += 4 + bytes
    }
    return values
}
function isValid(name: KeyName, value: number): boolean {
    if (name === "measureMs") return value >= MEASURE_MS_MIN
    if (name === "powerMode") return value <= 2 && value !== POWER_ON_OFF
    return Key[name] >>> 28 !== 1 || value <= 1
}

const CFG_PRT = 0x00
const CFG_MSG = 0x01
const CFG_RATE = 0x08
const CFG_RXM = 0x11
const CFG_NAVX5 = 0x23
const CFG_NAV5 = 0x24
const CFG_ITFM = 0x39
const NAVX5_ACK_AIDING_BIT = 1 << 10
const NAV5_DYN_BIT = 1

/** Message class and id, as CFG-MSG names them, and the key that holds their rate. */
const MESSAGES = new Map<number, KeyName>([
    [0x0107, "navPvt"],
    [0x0135, "navSat"],
    [0x0103, "navStatus"],
    [0x0a09, "monHw"],
    [0xf000, "gga"],
    [0xf001, "gll"],
    [0xf002, "gsa"],
    [0xf003, "gsv"],
    [0xf004, "rmc"],
    [0xf005, "vtg"],
])

function formerChange(id: number, payload: Buffer): Values | undefined {
    if (id === CFG_PRT && payload.length === 20 && payload[0] === 0) {
        const out = payload.readUInt16LE(14)
        return { outUbx: out & 1, outNmea: (out >> 1) & 1 }
    }
    if (id === CFG_RATE && payload.length === 6) {
        const measureMs = payload.readUInt16LE(0)
        return measureMs >= MEASURE_MS_MIN ? { measureMs } : undefined
    }
    if (id === CFG_MSG && payload.length === 3) {
        const name = MESSAGES.get(payload.readUInt16BE(0))
        return name && { [name]: payload[2]! }
    }
    if (id === CFG_RXM && payload.length === 2 && payload[1]! <= 1)
        return { powerMode: payload[1] === 1 ? 2 : 0 }
    if (id === CFG_NAVX5 && payload.length === 40) {
        const isGiven = (payload.readUInt16LE(2) & NAVX5_ACK_AIDING_BIT) !== 0
        return isGiven ? { ackAiding: payload[17]! === 0 ? 0 : 1 } : {}
    }
    if (id === CFG_NAV5 && payload.length === 36) {
        const isGiven = (payload.readUInt16LE(0) & NAV5_DYN_BIT) !== 0
        return isGiven ? { dynamicModel: payload[2]! } : {}
    }
    if (id === CFG_ITFM && payload.length === 8)
        return { interferenceMonitor: payload.readUInt32LE(0) >>> 31 }
    return undefined
}
