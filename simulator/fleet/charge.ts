// The charge that a tracker takes from its battery, by part, integrated from what is seen from
// outside: the chip's state, its radio's, the bytes on its socket and what each part on the bus says
// that it draws. What the firmware believes it has used is not asked. All of it is modelled.

export type ChargePart = "mcu" | "radio" | "receiver" | "sensors" | "sleep"
export type ChargeByPart = Record<ChargePart, number>

export const CHARGE_PARTS: readonly ChargePart[] = [
    ...(["mcu", "radio", "receiver", "sensors", "sleep"] as const),
]

const UAS_PER_MAH = 3_600_000

interface Load {
    part: ChargePart
    ua: number
}

export class ChargeMeter {
    private readonly loads = new Map<string, Load>()
    private readonly usedUas = byPart(() => 0)
    private drawnUa = 0

    /** `onUsed` hears how many microampere-seconds went since it was last called. */
    constructor(
        private atMs: number,
        private readonly onUsed?: (atMs: number, uas: number) => void,
    ) {}

    /** All that is drawn now. */
    get drawUa(): number {
        return this.drawnUa
    }

    /** From `atMs` on, `source` draws `ua`. Time does not run backwards. */
    set(atMs: number, part: ChargePart, source: string, ua: number): void {
        this.advance(atMs)
        this.drawnUa += ua - (this.loads.get(source)?.ua ?? 0)
        this.loads.set(source, { part, ua })
    }
    /** A load of its own for a moment too short to be followed. */
    add(atMs: number, part: ChargePart, uas: number): void {
        this.advance(atMs)
        this.usedUas[part] += uas
        this.onUsed?.(atMs, uas)
    }
    /** mAh since the meter was made. */
    usedMah(atMs: number): ChargeByPart {
        this.advance(atMs)
        return byPart((part) => this.usedUas[part] / UAS_PER_MAH)
    }

    private advance(atMs: number): void {
        const seconds = (atMs - this.atMs) / 1000
        if (seconds < 0) throw new Error(`charge: ${atMs} lies before ${this.atMs}`)
        if (seconds === 0) return
        this.atMs = atMs
        for (const { part, ua } of this.loads.values()) this.usedUas[part] += ua * seconds
        this.onUsed?.(atMs, this.drawnUa * seconds)
    }
}

export function totalMah(used: ChargeByPart): number {
    return CHARGE_PARTS.reduce((sum, part) => sum + used[part], 0)
}

function byPart(value: (part: ChargePart) => number): ChargeByPart {
    return {
        mcu: value("mcu"),
        radio: value("radio"),
        receiver: value("receiver"),
        sensors: value("sensors"),
        sleep: value("sleep"),
    }
}
