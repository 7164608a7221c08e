// What a sensor node measures [P-B12]. A quantity is a number on the wire; its unit is named as
// SenML names it (RFC 8428, RFC 8798), and a value travels as a whole number of quanta.

export interface Quantity {
    /** Stands for it on the wire, for good: numbers are added, never used again. */
    number: number
    name: string
    unit: string
    /** One step of the value, in `unit`. */
    quantum: number
    /** Range, in quanta. */
    least: number
    most: number
}

function quantity(
    number: number,
    name: string,
    unit: string,
    quantum: number,
    least: number,
    most: number,
): Quantity {
    return {
        number: number,
        name: name,
        unit: unit,
        quantum: quantum,
        least: least,
        most: most,
    }
}

/** In the order of their numbers, 1 and up. */
export const QUANTITIES: Quantity[] = [
    quantity(1, "temperature", "Cel", 0.01, -10000, 20000),
    quantity(2, "humidity", "%RH", 1, 0, 100),
    quantity(3, "voltage", "V", 0.001, 0, 100000),
    quantity(4, "illuminance", "lx", 1, 0, 200000),
    // 100 to 1,200 hPa.
    quantity(5, "pressure", "Pa", 10, 1000, 12000),
    // 16 times gravity, either way.
    quantity(6, "acceleration", "m/s2", 0.01, -15700, 15700),
    quantity(7, "tilt", "deg", 1, 0, 180),
    quantity(8, "battery", "%EL", 1, 0, 100),
    quantity(9, "signal", "dBm", 1, -150, 30),
    quantity(10, "count", "count", 1, 0, 4294967295),
    quantity(11, "carbon dioxide", "ppm", 1, 0, 40000),
    quantity(12, "level", "m", 0.001, -100000, 100000),
    quantity(13, "current", "A", 0.001, -100000, 100000),
    // Open 1, closed 0.
    quantity(14, "contact", "/", 1, 0, 1),
    // Re 20 uPa, A-weighted where the part weights. RFC 8428 section 12.1 registers Bspl, the bel of
    // sound pressure, too, but as not recommended to be produced; dB is what remains.
    quantity(15, "sound level", "dB", 0.1, 0, 2000),
]

/** Numbers of what sensor nodes have parts for. */
export const enum QuantityNumber {
    temperature = 1,
    humidity = 2,
    voltage = 3,
    illuminance = 4,
    pressure = 5,
    contact = 14,
    soundLevel = 15,
}

/** Undefined for a number that this version does not know. */
export function quantityOf(number: number): Quantity | undefined {
    return number >= 1 && number <= QUANTITIES.length ? QUANTITIES[number - 1] : undefined
}
