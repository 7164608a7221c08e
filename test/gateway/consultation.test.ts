// Whoever looks at positions leaves an entry, written before anything is shown.

import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import type { Gateway } from "../../gateway/main.js"
import { unixMs } from "../../protocol/units.js"
import { refuseRows, rowsOf } from "../support/break-database.js"
import { START_MS } from "../support/builders.js"
import { aCase, MANDATE_ID, OPERATION_ID, OPERATOR_ID, TARGET_ID } from "../support/case.js"
import { ManualClock } from "../support/manual-clock.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { signIn, Viewer } from "../support/viewer.js"

const FILE = "consultations.sqlite"
const PACE = { coalesceMs: 5, heartbeatMs: 10 }
const REFERENCE = "4 Js 17/31"

interface Row {
    id: number
    at_ms: number
    user_id: string
    action: string
    operation_id: string
    mandates: string
    object: string
    from_ms: number | null
    to_ms: number | null
    remote: string
}
function entries(data: string): Row[] {
    return rowsOf<Row>(data, FILE, "SELECT * FROM consultation ORDER BY id")
}

async function aGateway() {
    const data = tempFolder()
    const clock = new ManualClock(START_MS)
    const gateway = await testGateway(aCase(), data, quiet, { clock, pace: PACE })
    const cookie = await signIn(gateway, OPERATOR_ID, START_MS)
    const get = (path: string) =>
        fetch(`${gateway.url}/api/operations/${OPERATION_ID}/${path}`, { headers: { cookie } })
    return { data, clock, gateway, cookie, get }
}
const TRACK = `targets/${TARGET_ID}/track?fromMs=1000&toMs=2000`

describe("an entry", () => {
    it("says who read what, when, under which mandate, from where", async () => {
        const { data, get } = await aGateway()
        await get("targets")
        await get(TRACK)
        const shared = {
            ...{ at_ms: START_MS, user_id: OPERATOR_ID, operation_id: OPERATION_ID },
            ...{ mandates: JSON.stringify([REFERENCE]), object: TARGET_ID },
            remote: expect.stringMatching(/127\.0\.0\.1:\d+$/),
        }
        expect(entries(data)).toEqual([
            { id: 1, action: "targets", from_ms: START_MS, to_ms: START_MS, ...shared },
            { id: 2, action: "track", from_ms: 1000, to_ms: 2000, ...shared },
        ])
    })

    it("is left by nothing that shows no positions, nor by a read that is refused", async () => {
        const { data, gateway, cookie, get } = await aGateway()
        for (const path of ["/health", "/api/session", "/api/maps", "/api/openapi.json"])
            await fetch(gateway.url + path, { headers: { cookie } })
        await get("targets/none/track?fromMs=0&toMs=1")
        await get(`targets/${TARGET_ID}/track?fromMs=2&toMs=1`)
        const administrator = await signIn(gateway, "administrator", START_MS)
        expect(await new Viewer(gateway, { cookie: administrator }).closed).toBe(4403)
        expect(entries(data)).toEqual([])
    })

    it("cannot be changed or removed, by whatever opens the file", async () => {
        const { data, get } = await aGateway()
        await get("targets")
        const database = new Database(`${data}/${FILE}`)
        const refused = "the consultation log is append-only"
        expect(() => database.exec("UPDATE consultation SET user_id = 'x'")).toThrow(refused)
        expect(() => database.exec("DELETE FROM consultation")).toThrow(refused)
        expect(() => database.exec("REPLACE INTO consultation SELECT * FROM consultation")).toThrow(
            refused,
        )
        database.close()
        expect(entries(data)).toHaveLength(1)
    })
})

describe("a live feed", () => {
    it("leaves an entry when it opens and one when it closes", async () => {
        const { data, clock, gateway, cookie } = await aGateway()
        const viewer = new Viewer(gateway, { cookie })
        await viewer.next("snapshot")
        expect(entries(data)).toMatchObject([
            { action: "live-open", object: TARGET_ID, from_ms: START_MS, to_ms: null },
        ])
        clock.ms += 1000
        viewer.socket.close()
        await expect.poll(() => entries(data).length).toBe(2)
        expect(entries(data)[1]).toMatchObject({
            ...{ action: "live-close", user_id: OPERATOR_ID, object: "entry 1" },
            at_ms: START_MS + 1000,
        })
    })

    it("that is still open when the gateway stops gets its closing entry", async () => {
        const { data, gateway, cookie } = await aGateway()
        await new Viewer(gateway, { cookie }).next("snapshot")
        await gateway.close()
        expect(entries(data).map(({ action }) => action)).toEqual(["live-open", "live-close"])
    })

    it("leaves another for a target that comes under a mandate meanwhile, before it is shown", async () => {
        const { data, clock, gateway, cookie } = await aGateway()
        const viewer = new Viewer(gateway, { cookie })
        await viewer.next("snapshot")
        addTarget(gateway, "target-boat", START_MS + 5000)
        clock.ms = START_MS + 5000
        await viewer.next("delta", ({ targets }) => targets.some(({ id }) => id === "target-boat"))
        expect(entries(data)[1]).toMatchObject({
            ...{ action: "live-more", user_id: OPERATOR_ID, object: "target-boat" },
            ...{ mandates: '["boat"]', at_ms: START_MS + 5000, to_ms: null },
        })
    })
})

describe("while the log cannot be written", () => {
    it("reads are refused with 503, and work again afterwards", async () => {
        const { data, get } = await aGateway()
        const mend = refuseRows(data, FILE, "consultation")
        for (const path of ["targets", TRACK]) {
            const answer = await get(path)
            expect(answer.status).toBe(503)
            expect(await answer.json()).toMatchObject({
                detail: "the consultation log cannot be written",
            })
        }
        mend()
        expect((await get("targets")).status).toBe(200)
    })

    it("a live feed is closed before any message", async () => {
        const { data, gateway, cookie } = await aGateway()
        refuseRows(data, FILE, "consultation")
        const viewer = new Viewer(gateway, { cookie })
        expect(await viewer.closed).toBe(4503)
        expect(viewer.messages).toEqual([])
    })

    it("an open feed is closed before a target that comes under a mandate is shown", async () => {
        const { data, clock, gateway, cookie } = await aGateway()
        const viewer = new Viewer(gateway, { cookie })
        await viewer.next("snapshot")
        refuseRows(data, FILE, "consultation")
        addTarget(gateway, "target-boat", START_MS + 5000)
        clock.ms = START_MS + 5000
        expect(await viewer.closed).toBe(4503)
        expect(JSON.stringify(viewer.messages)).not.toContain("target-boat")
    })
})

/** Another target of the operation, under a mandate of its own that begins later. */
function addTarget(gateway: Gateway, id: string, fromMs: number): void {
    const { targets, mandates } = gateway.registry.caseFile()
    const mandate = mandates.find((one) => one.id === MANDATE_ID)!
    gateway.registry.add({
        targets: [{ ...targets[0]!, id }],
        mandates: [
            { ...mandate, id: `${id}-1`, targetId: id, reference: "boat", fromMs: unixMs(fromMs) },
        ],
    })
}
