// What the tracker's parts draw, all of it in one place. Every figure is MODELLED: taken from a data
// sheet or reckoned from one, at 25 degrees, never measured on a board of ours. The meter corrects
// what comes of them where it can (energy-meter.ts), and docs/tracker.md says how to measure.
//
// Currents are microamperes at the 3.3 V rail, charges microampere-seconds at the battery: an hour of
// a milliampere is 3,600,000, a cell of 19 Ah 6.8e10, which no bit operation may touch.

/** Microampere-seconds in a milliampere-hour. */
export const UAS_PER_MAH = 3600000
export const DAY_S = 86400
const YEAR_S = 31557600

/**
 * ESP32-C3 awake, its radio off. "ESP32-C3 Series Datasheet", current consumption in modem-sleep: at
 * 160 MHz with all peripherals clocked 28 mA while the CPU runs, 21 mA while it idles. The upper one.
 */
export const MCU_AWAKE_UA = 28000

/**
 * What the radio adds while it is on. The same data sheet has 84 mA for receiving, the CPU included,
 * and a station that waits for answers receives nearly all of the time.
 */
export const RADIO_ON_UA = 84000 - MCU_AWAKE_UA

/**
 * What joining a network sends: probes on 13 channels, authentication, association, four handshake
 * frames, DHCP and ARP are some 40 frames of a millisecond at 1 Mbit/s. The data sheet has 335 mA for
 * 802.11b at 21 dBm, 251 mA above receiving: 40 * 0.001 s * 251,000.
 */
export const RADIO_JOIN_UAS = 10000

/**
 * What one message sends: a record of 250 bytes, the TCP acknowledgements of what is answered, and a
 * PUBACK are four frames of half a millisecond with their gaps, at 276 mA (802.11n, 18.5 dBm).
 */
export const RADIO_MESSAGE_UAS = 400

/**
 * u-blox M10 with all four constellations, on its way to the first fix: SAM-M10Q data sheet
 * UBX-22013293 R03, table 13, 13 mA of VCC and 2.3 mA of V_IO.
 */
export const RECEIVER_SEARCH_UA = 15300

/** The same once it has a fix and keeps it: 10 and 2.3 mA. */
export const RECEIVER_TRACK_UA = 12300

/** From the wake timer to the program's first line: 0.35 s of boot loader, 1.16 s of the runtime. */
export const BOOT_MS = 1510
/**
 * From the wake timer until the runtime starts the radio, which nothing but sleep switches off again:
 * 0.35 s and 2.05 s. A wake that is over before has none.
 */
export const RADIO_STARTS_MS = 2400

/** ESP32-C3 in deep sleep, RTC timer and memory on: "ESP32-C3 Series Datasheet". */
const DEEP_SLEEP_UA = 5
/** Regulator and board: Seeed's page on the XIAO ESP32C3 has 44 uA on its battery pads, chip included. */
const BOARD_UA = 44 - DEEP_SLEEP_UA
/** LIS3DH in low power at 10 Hz: its data sheet, table of current by data rate. */
const ACCELEROMETER_UA = 3
/** MB85RC256V standing by: data sheet DS501-00017, typical. */
const FRAM_UA = 27
/** MAX17048 hibernating: data sheet 19-6171, 3 uA typical, rounded up. */
const GAUGE_UA = 4
/** The receiver's backup memory and clock: SAM-M10Q data sheet UBX-22013293 R03, table 14. */
const RECEIVER_BACKUP_UA = 32

/** What flows all the time, asleep or awake, in microamperes. */
export function floorUa(): number {
    return DEEP_SLEEP_UA + BOARD_UA + ACCELEROMETER_UA + FRAM_UA + GAUGE_UA + RECEIVER_BACKUP_UA
}

export interface Battery {
    name: string
    capacityMah: number
    /** Of its capacity, what can be drawn before the tracker browns out in a transmission. */
    usablePermille: number
    /** Charge from the battery for a charge of 1,000 at the 3.3 V rail. */
    supplyPermille: number
    /** Of its capacity, lost by itself in a year, in millionths. */
    selfPpmPerYear: number
    /** What is left of the usable share at -20, 0, 20 and 40 degrees Celsius; between them a line. */
    coldPermille: number[]
}

export const enum BatteryKind {
    twoAaLithium = 0,
    thionylD = 1,
    lithiumIon = 2,
}

/** In the order of BatteryKind. */
export const BATTERIES: Battery[] = [
    {
        // Energizer L91 data sheet and "Cylindrical Primary Lithium Handbook": 3,000 mAh when drawn by
        // 200 mA and 3,500 by 25; 95 % left after ten years; from there the table of cold, rounded
        // down. A converter at 90 % makes 3.3 V of 3.0: 3.3 / (3.0 * 0.9).
        name: "two AA lithium",
        capacityMah: 3000,
        usablePermille: 900,
        supplyPermille: 1222,
        selfPpmPerYear: 5000,
        coldPermille: [800, 950, 1000, 1000],
    },
    {
        // A D cell of lithium thionyl chloride (ER34615 class) with a capacitor that carries the
        // pulses: 19 Ah by 2 mA, 1 % a year by the data sheets, less in the cold. 3.6 V through a
        // linear regulator: charge in is charge out.
        name: "one 19 Ah cell",
        capacityMah: 19000,
        usablePermille: 850,
        supplyPermille: 1000,
        selfPpmPerYear: 10000,
        coldPermille: [700, 880, 1000, 950],
    },
    {
        // An 18650 of 3,500 mAh. 2 % a month, most of it the protection's.
        name: "one 18650 lithium-ion cell",
        capacityMah: 3500,
        usablePermille: 900,
        supplyPermille: 1000,
        selfPpmPerYear: 240000,
        coldPermille: [600, 850, 1000, 1000],
    },
]

/** What ran since the last time, in milliseconds each; a part that runs has its time in both. */
export interface EnergyUse {
    awakeMs: number
    radioMs: number
    /** Receiver on, without a fix. */
    searchMs: number
    /** Receiver on, with one. */
    trackMs: number
    joins: number
    messages: number
}

export function noUse(): EnergyUse {
    return { awakeMs: 0, radioMs: 0, searchMs: 0, trackMs: 0, joins: 0, messages: 0 }
}

/** A charge by what took it, each in microampere-seconds at the battery, not rounded. */
export interface EnergyParts {
    mcuUas: number
    radioUas: number
    receiverUas: number
    /** The floor, and what the battery loses by itself. */
    sleepUas: number
}

/** What `elapsedS` seconds took in which `use` ran. */
export function energyParts(battery: Battery, elapsedS: number, use: EnergyUse): EnergyParts {
    const supply = battery.supplyPermille / 1000
    const sent = use.joins * RADIO_JOIN_UAS + use.messages * RADIO_MESSAGE_UAS
    const search = (RECEIVER_SEARCH_UA / 1000) * use.searchMs
    const track = (RECEIVER_TRACK_UA / 1000) * use.trackMs
    return {
        mcuUas: supply * (MCU_AWAKE_UA / 1000) * use.awakeMs,
        radioUas: supply * ((RADIO_ON_UA / 1000) * use.radioMs + sent),
        receiverUas: supply * (search + track),
        sleepUas: (supply * floorUa() + selfUa(battery)) * elapsedS,
    }
}

/** All of it, in whole microampere-seconds. */
export function energyUas(battery: Battery, elapsedS: number, use: EnergyUse): number {
    const { mcuUas, radioUas, receiverUas, sleepUas } = energyParts(battery, elapsedS, use)
    return Math.floor(mcuUas + radioUas + receiverUas + sleepUas + 0.5)
}

/** What a wake of `awakeMs` from the timer on uses besides, the radio as the runtime has it. */
export function wakeUse(awakeMs: number, searchMs: number, messages: number): EnergyUse {
    const radioMs = Math.max(0, awakeMs - RADIO_STARTS_MS)
    return {
        awakeMs: awakeMs,
        radioMs: radioMs,
        searchMs: searchMs,
        trackMs: 0,
        joins: messages > 0 ? 1 : 0,
        messages: messages,
    }
}

/** A daily sign of life: boot, a search of half a minute, a window of 5 s, two messages. */
const SIGN_OF_LIFE = wakeUse(BOOT_MS + 35000, 30000, 2)

/** What `elapsedS` seconds of nothing but a daily sign of life take. */
export function survivalUas(battery: Battery, elapsedS: number): number {
    return energyUas(battery, DAY_S, SIGN_OF_LIFE) * (elapsedS / DAY_S)
}

/** Of the usable share, what is left at a temperature, in permille. */
export function coldPermilleAt(battery: Battery, temperatureC: number): number {
    const table = battery.coldPermille
    const place = (temperatureC + 20) / 20
    if (place <= 0) return table[0]
    const below = Math.floor(place)
    if (below >= table.length - 1) return table[table.length - 1]
    return table[below] + (table[below + 1] - table[below]) * (place - below)
}

/** What a battery loses by itself, as a current. */
function selfUa(battery: Battery): number {
    const yearUas = battery.capacityMah * UAS_PER_MAH * (battery.selfPpmPerYear / 1000000)
    return yearUas / YEAR_S
}
