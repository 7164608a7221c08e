// What a part draws from the supply. Each part tells its own current, from its own state, so that
// charge is integrated here and not from what the firmware believes it has used. All figures are
// modelled: currents.ts names the source of each.

/** Hears of every change: from `atMs` (UTC) on the part draws `drawUa` microamperes. */
export type DrawListener = (atMs: number, drawUa: number) => void

/** A part on the supply. Without power it draws nothing, unless a backup pin keeps it. */
export abstract class PoweredPart {
    onDraw: DrawListener | undefined
    private ua = 0

    /** Microamperes now; modelled. */
    get drawUa(): number {
        return this.ua
    }
    protected setDraw(atMs: number, drawUa: number): void {
        if (drawUa === this.ua) return
        this.ua = drawUa
        this.onDraw?.(atMs, drawUa)
    }
}
