/** What a part gave for a quantity, in whole quanta; undefined where it gave nothing sensible. */
export interface Measured {
    quantity: number
    value: number | undefined
}

/** A part that measures. `measure` throws when the part does not answer. */
export interface SensorPart {
    name: string
    quantities: number[]
    /** Whether the part is there. Does not throw. */
    probe(): Promise<boolean>
    /** One sample of each of its quantities, in their order. Takes at most 1 s. */
    measure(): Promise<Measured[]>
}

/** Waits, and lets other fibers run. */
export type Wait = (ms: number) => Promise<void>
