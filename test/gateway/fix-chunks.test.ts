// The packed store of fixes: whatever comes, in whatever order and however often, is there once and
// unchanged.

import { existsSync } from "node:fs"
import Database from "better-sqlite3"
import fc from "fast-check"
import { describe, expect, it, onTestFinished } from "vitest"
import { SqliteStore, STORE_SCHEMA } from "../../gateway/adapters/store/sqlite-store.js"
import type { Cover } from "../../gateway/core/domain/mandate.js"
import { NEW_DEVICE } from "../../gateway/core/ingest/device-memory.js"
import { type CoveredFix, nothingDerived } from "../../gateway/core/pipeline.js"
import { type DerivedStep, UnstorableError } from "../../gateway/core/ports.js"
import { unixMs } from "../../protocol/units.js"
import { anyPackedFix } from "../support/any-fix.js"
import { fillDisk, handleOf } from "../support/break-database.js"
import { START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID, TARGET_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { tempFolder } from "../support/temp-folder.js"
import { testGateway } from "../support/test-gateway.js"

const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4.2e12) }

function aStore(path = `${tempFolder()}/derived.sqlite`): SqliteStore {
    const store = new SqliteStore(path)
    onTestFinished(() => store.close())
    return store
}
function aCover(parts: { targetId?: string; mandateId?: string; isLate?: boolean } = {}): Cover {
    const { mandates } = aCase()
    const mandate = { ...mandates![0]!, id: parts.mandateId ?? mandates![0]!.id }
    const { targetId = TARGET_ID, isLate = false } = parts
    return { mandate, targetId, operationId: mandate.operationId, isLate }
}
function covered(number: number, parts: Partial<CoveredFix> = {}): CoveredFix {
    const fix = aFix({ timeDs: aFix().timeDs + number * 10, satellites: number % 256 })
    return { deviceId: DEVICE_ID, session: "aa", number, fix, cover: aCover(), ...parts }
}
let uplinks = 0
function aStep(fixes: CoveredFix[]): DerivedStep {
    uplinks++
    const uplink = {
        ...{ id: uplinks, deviceId: DEVICE_ID, epoch: 0, session: "aa", seq: uplinks, type: 0 },
        ...{ message: Buffer.alloc(0), receivedAtMs: START_MS },
    }
    const memory = { device: NEW_DEVICE, targets: new Map() }
    return { uplink, derived: { ...nothingDerived(memory, null), fixes } }
}
function commit(store: SqliteStore, ...fixes: CoveredFix[]): void {
    store.commit([aStep(fixes)])
}
function run(first: number, count: number): CoveredFix[] {
    return Array.from({ length: count }, (_, i) => covered(first + i))
}
const numbersOf = (store: SqliteStore) => store.fixes(DEVICE_ID).map(({ number }) => number)
/** [first number, fixes] of each chunk. */
function chunksOf(store: SqliteStore): unknown[] {
    return handleOf(store)
        .prepare("SELECT first_fix, fixes FROM fix_chunk ORDER BY session, first_fix")
        .raw()
        .all()
}

describe("fixes in chunks", () => {
    it("come back as they were reported, whatever they are", () => {
        fc.assert(
            fc.property(fc.array(anyPackedFix, { minLength: 1, maxLength: 70 }), (fixes) => {
                const store = new SqliteStore(`${tempFolder()}/derived.sqlite`)
                commit(store, ...fixes.map((fix, number) => covered(number, { fix })))
                const stored = store.fixes(DEVICE_ID)
                expect(stored).toEqual(
                    fixes.map(({ kind: _, ...fix }, number) => ({
                        ...{ session: "aa", number, targetId: TARGET_ID, isLate: 0 },
                        ...fix,
                    })),
                )
                store.close()
            }),
            { numRuns: cases(60, 3000) },
        )
    })

    it("are there once, in order, however they are cut, shuffled and repeated", () => {
        const pieces = fc.array(fc.record({ first: fc.nat(150), count: fc.nat(70) }), {
            maxLength: 12,
        })
        fc.assert(
            fc.property(pieces, fc.nat(12), (given, restartAt) => {
                const path = `${tempFolder()}/derived.sqlite`
                let store = new SqliteStore(path)
                const expected = new Set<number>()
                given.forEach(({ first, count }, i) => {
                    if (i === restartAt) {
                        store.close()
                        store = new SqliteStore(path)
                    }
                    commit(store, ...run(first, count))
                    for (let n = first; n < first + count; n++) expected.add(n)
                })
                expect(numbersOf(store)).toEqual([...expected].sort((a, b) => a - b))
                expect(store.counts().fixes).toBe(expected.size)
                for (const { number, satellites } of store.fixes(DEVICE_ID))
                    expect(satellites).toBe(number % 256)
                store.close()
            }),
            { numRuns: cases(30, 1000) },
        )
    })

    it("fill a chunk before they begin the next one", () => {
        const store = aStore()
        for (let first = 0; first < 130; first += 10) commit(store, ...run(first, 10))
        expect(chunksOf(store)).toEqual([
            [0, 60],
            [60, 60],
            [120, 10],
        ])
    })

    it("keep the first of two fixes that claim one number", () => {
        const store = aStore()
        commit(store, covered(3))
        commit(store, covered(3, { fix: aFix({ satellites: 77 }) }), covered(4))
        expect(store.fixes(DEVICE_ID).map(({ satellites }) => satellites)).toEqual([3, 4])
        expect(store.counts().fixes).toBe(2)
    })

    it("of another mandate, target or lateness stand in chunks of their own", () => {
        const store = aStore()
        const covers = [
            ...[aCover(), aCover({ mandateId: "b" }), aCover({ targetId: "t" })],
            ...[aCover({ isLate: true }), aCover()],
        ]
        commit(store, ...covers.map((cover, number) => covered(number, { cover })))
        expect(chunksOf(store)).toHaveLength(5)
        const stored = store.fixes(DEVICE_ID).map(({ targetId, isLate }) => [targetId, isLate])
        expect(stored).toEqual(covers.map(({ targetId, isLate }) => [targetId, isLate ? 1 : 0]))
        expect(store.reported("t", ALL_TIME).map(({ number }) => number)).toEqual([2])
    })

    it("are found by target and span, both ends included, oldest first", () => {
        const store = aStore()
        commit(store, ...run(0, 100))
        commit(store, covered(0, { session: "bb" }), covered(1, { session: "bb" }))
        const span = { fromMs: unixMs(START_MS + 1000), toMs: unixMs(START_MS + 61_000) }
        const found = store.reported(TARGET_ID, span)
        expect(found[0]?.timeDs).toBe(START_MS / 100 + 10)
        expect(found.at(-1)?.timeDs).toBe(START_MS / 100 + 610)
        expect(found).toHaveLength(62)
    })

    it("never span more than a day, so that a wrong clock does not widen a chunk", () => {
        const store = aStore()
        const hourly = Array.from({ length: 48 }, (_, hour) =>
            covered(hour, { fix: aFix({ timeDs: aFix().timeDs + hour * 36_000 }) }),
        )
        const astray = covered(48, { fix: aFix({ timeDs: 1 }) })
        commit(store, ...hourly, astray)
        expect(chunksOf(store)).toEqual([
            [0, 25],
            [25, 23],
            [48, 1],
        ])
        const day = { fromMs: unixMs(START_MS + 24 * 3600_000), toMs: unixMs(START_MS + 1e9) }
        expect(store.reported(TARGET_ID, day)).toHaveLength(24)
    })
})

describe("a commit that fails", () => {
    it("leaves the chunks as they were, and what follows is not built on it", () => {
        const store = aStore()
        commit(store, ...run(0, 5))
        const broken = aStep(run(5, 5))
        const state = { atMs: Number.NaN } as never
        broken.derived.states.push({ targetId: TARGET_ID, state })
        expect(() => store.commit([broken])).toThrow(UnstorableError)
        commit(store, ...run(5, 2))
        expect(numbersOf(store)).toEqual([0, 1, 2, 3, 4, 5, 6])
        expect(chunksOf(store)).toEqual([[0, 7]])
    })

    it("for want of room loses nothing either", () => {
        const store = aStore()
        commit(store, ...run(0, 5))
        const mend = fillDisk(store)
        const more = Array.from({ length: 40 }, (_, i) => run(100 * (i + 1), 60)).flat()
        expect(() => commit(store, ...more)).toThrow(/full/)
        mend()
        commit(store, ...run(5, 5))
        expect(numbersOf(store)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    })
})

describe("a derived store of another schema", () => {
    it("that is older is computed again from the ledger, and said so", async () => {
        const data = tempFolder()
        const path = `${data}/derived.sqlite`
        const first = await testGateway(aCase(), data)
        const tracker = await HostTracker.connect(first)
        await tracker.send(tracker.session.hello())
        await tracker.send(tracker.session.fixes(aFix(), aFix({ timeDs: aFix().timeDs + 10 })))
        await first.settled()
        await first.close()
        const old = new Database(path)
        old.pragma("user_version = 0")
        old.exec("DROP TABLE fix_chunk; CREATE TABLE fix (number INTEGER)")
        old.close()

        const told: string[] = []
        const second = await testGateway({}, data, (_level, text) => void told.push(text))
        await second.settled()
        expect(second.store.fixes(DEVICE_ID)).toHaveLength(2)
        expect(told).toContain(
            "derived.sqlite is of an earlier schema: it is computed again from 2 records of the ledger",
        )
    })

    it("that is younger is refused with what to do, and left as it is", () => {
        const path = `${tempFolder()}/derived.sqlite`
        aStore(path)
        const young = new Database(path)
        young.pragma(`user_version = ${STORE_SCHEMA + 1}`)
        young.close()
        expect(() => new SqliteStore(path)).toThrow(
            `${path}: schema 3, this Burr reads 2. Use the release that wrote it, or remove the ` +
                "file: all in it is computed again from the ledger.",
        )
        expect(existsSync(path)).toBe(true)
    })
})
