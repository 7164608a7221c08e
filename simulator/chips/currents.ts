// Every current of the modelled parts, in microamperes at 3 V and 25 °C, typical. Modelled: none was
// measured on a board. A line marked "second-hand" was taken from a driver's or a shop's page and
// wants a look into the data sheet before anybody plans by it.

/**
 * u-blox M10 with all four constellations: SAM-M10Q data sheet UBX-22013293 R03, table 13, VCC plus
 * V_IO (13 + 2.3, 10 + 2.3, 5 + 2 mA), and table 14. The power save figure is that of GPS, Galileo
 * and GLONASS: with BeiDou B1C the part has no such mode.
 */
export const UBLOX_M10_UA = {
    acquisition: 15_300,
    tracking: 12_300,
    powerSave: 7_000,
    /** GNSS stopped, processor running. Second-hand: users measured 3 to 5 mA. */
    stopped: 4_000,
    /** Software standby (RXM-PMREQ) with VCC and V_IO on. */
    standby: 46,
    /** VCC and V_IO off, V_BCKP on. */
    backup: 32,
}
/** u-blox M8: SAM-M8Q data sheet UBX-16012619 R04, table 8; both backup figures second-hand. */
export const UBLOX_M8_UA: typeof UBLOX_M10_UA = {
    acquisition: 32_000,
    tracking: 29_000,
    powerSave: 9_500,
    stopped: 4_000,
    standby: 30,
    backup: 15,
}
/** CDTop PA1010D (MT3333), GPS and GLONASS. Second-hand. */
export const PA1010D_UA = { acquisition: 36_000, tracking: 30_000, standby: 1_000, backup: 18 }

/** LIS3DH data sheet DocID17530 Rev 2, table 12, by rate in Hz; power-down from table 4. */
export const LIS3DH_UA = {
    powerDown: 0.5,
    lowPower: { 1: 2, 10: 3, 25: 4, 50: 6, 100: 10, 200: 18, 400: 36, 1620: 100, 5376: 185 },
    /** Normal and high resolution draw the same. */
    normal: { 1: 2, 10: 4, 25: 6, 50: 11, 100: 20, 200: 38, 400: 73, 1344: 185 },
}

/** MAX17048 data sheet 19-6171 Rev 7, electrical characteristics; sleep is second-hand. */
export const MAX17048_UA = { active: 23, hibernate: 3, sleep: 0.5 }

/**
 * MB85RC256V data sheet DS501-00017-3v0, features: 27 µA standby. The 200 µA while the bus clocks
 * are left out: a byte takes 22.5 µs at 400 kHz, so a megabyte costs 4.5 mC, what standby takes in
 * under three minutes.
 */
export const FRAM_UA = { standby: 27 }

/** SHTC3 data sheet (Sensirion), table 3; normal and low-power measurement. */
export const SHTC3_UA = { idle: 45, sleep: 0.3, measuring: 430, measuringLowPower: 270 }

/** BME680 data sheet BST-BME680-DS001, table 1; the heater at its upper bound. */
export const BME680_UA = {
    sleep: 0.15,
    temperature: 350,
    pressure: 714,
    humidity: 340,
    heater: 12_000,
}

/** LTR-390UV-01 data sheet DS86-2015-0004; second-hand. */
export const LTR390_UA = { standby: 1, active: 100 }
