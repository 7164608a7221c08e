// Seeded packed batches and what this machine makes of them, a line each. Node and the tracker's
// machine must give the same lines, which means: the same fixes, the same bytes, read back the same.

import { decodePacked, type PackedTail, PackedWriter } from "../../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX } from "../../../protocol/pack/packed-body.js"
import { type FixColumns, PROFILES, profileOf } from "../../../protocol/pack/profile.js"

/** Chance that is the same on every machine: Lehmer's generator, products below 2^47. */
export class Draws {
    constructor(private state: number) {}

    /** From 0 to `limit` - 1. */
    below(limit: number): number {
        const product = this.state * 48271
        this.state = product - Math.floor(product / 2147483647) * 2147483647
        return Math.floor((this.state / 2147483647) * limit)
    }
    /** From -`size` to `size`. */
    about(size: number): number {
        return this.below(2 * size + 1) - size
    }
}

/** A vehicle that drives, stands, jumps, crosses the antimeridian and loses columns. */
export class Vehicle {
    private columns: FixColumns = []
    private north = 0
    private east = 0
    private intervalDs = 10

    constructor(private draws: Draws) {
        this.jump()
        this.intervalDs = [1, 2, 10, 10, 10, 50, 100][draws.below(7)]
    }

    /** The next fix. */
    next(): FixColumns {
        const draws = this.draws
        const now = this.columns
        if (draws.below(60) === 0) this.jump()
        else {
            const lateDs = draws.below(12) === 0 ? draws.about(200) : 0
            now[0] = clamp(this.value(0) + this.intervalDs + lateDs, 1, 41024447999)
            if (draws.below(40) === 0) this.turn(0)
            if (draws.below(20) === 0) this.turn(30)
            now[1] = clamp(this.value(1) + this.north + draws.about(2), -90000000, 90000000)
            let lon = this.value(2) + this.east + draws.about(2)
            if (lon > 180000000) lon -= 360000000
            if (lon < -180000000) lon += 360000000
            now[2] = lon
            now[3] = clamp(this.value(3) + draws.about(1), -1000, 100000)
            now[4] = clamp(this.value(4) + draws.about(2), 0, 100000)
            now[5] = (this.value(5) + 360 + draws.about(3)) % 360
            now[6] = clamp(this.value(6) + draws.about(4), 1, 100000000)
            now[7] = clamp(this.value(7) + draws.about(1), 0, 255)
        }
        const isPoor = draws.below(30) === 0
        const fix: FixColumns = []
        for (const value of now)
            fix.push(fix.length > 2 && isPoor && draws.below(2) === 0 ? undefined : value)
        return fix
    }

    private value(column: number): number {
        const value = this.columns[column]
        return value === undefined ? 0 : value
    }
    private turn(pace: number): void {
        this.north = this.draws.about(pace * 9)
        this.east = this.draws.about(pace * 9)
    }
    /** Anywhere, at any time, with any values. */
    private jump(): void {
        const draws = this.draws
        this.turn(30)
        this.columns = [
            1 + draws.below(41024447999),
            draws.about(90000000),
            draws.below(4) === 0 ? 179999000 : draws.about(180000000),
            draws.below(9000) - 1000,
            draws.below(400),
            draws.below(360),
            1 + draws.below(500),
            draws.below(40),
            draws.below(16),
        ]
    }
}

/** Fixes that are coded without a rest: the machine stops a program that takes too many steps. */
const FIXES_IN_A_GO = 20
/** A longer batch is only written: reading one is the gateway's affair, in one go. */
const READ_MAX = 12

/**
 * Batch `index` of the seeded set: its bytes, and those of what they decode to. `rest` gives way to
 * the rest of the machine.
 */
export async function packedLine(index: number, rest: () => Promise<void>): Promise<string> {
    const draws = new Draws(1 + index)
    // The first draws of neighbouring seeds are alike.
    for (let i = 0; i < 8; i++) draws.below(2)
    const profile = profileOf(1 + (index % PROFILES))
    if (profile === undefined) return "no profile"
    const vehicle = new Vehicle(draws)
    let base: PackedTail | undefined
    let first = draws.below(3) === 0 ? draws.below(4294967000) : draws.below(70000)
    if (draws.below(2) === 0) {
        const before = new PackedWriter(profile, first, BATCH_BYTES_MAX, undefined)
        for (let i = draws.below(4); i >= 0; i--) before.add(vehicle.next())
        base = before.tail()
        first = base.fix + 1 + (draws.below(4) === 0 ? draws.below(50) : 0)
    }
    const size = index % 20 === 19 ? 60 : [1, 2, 6, READ_MAX][draws.below(4)]
    const writer = new PackedWriter(profile, first, BATCH_BYTES_MAX, base)
    let isOpen = true
    while (isOpen && writer.count < size) {
        if (writer.count % FIXES_IN_A_GO === 0) await rest()
        isOpen = writer.add(vehicle.next())
    }
    const bytes = writer.finished()
    const line = bytes.toString("hex")
    if (writer.count > READ_MAX) return line
    await rest()
    const chainedTo = base
    const back = decodePacked(bytes, () => chainedTo)
    if (back.kind === "reject") return `${line} ${back.reason}`
    await rest()
    const again = new PackedWriter(profile, first, BATCH_BYTES_MAX, base)
    for (const fix of back.fixes) again.add(fix)
    return `${line} ${again.finished().toString("hex")}`
}

function clamp(value: number, least: number, most: number): number {
    return Math.min(Math.max(value, least), most)
}
