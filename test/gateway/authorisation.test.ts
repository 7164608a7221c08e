// Every route against every role, by a table that a new route must enter. What one sees is role and
// membership and a running mandate.

import { beforeAll, describe, expect, it } from "vitest"
import { LINK_LIFE_MS, SESSION_LIFE_MS } from "../../gateway/adapters/registry/sign-in.js"
import { gatewayConfig } from "../../gateway/config.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import type { SessionView, TargetsView } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"
import { handleOf } from "../support/break-database.js"
import { START_MS } from "../support/builders.js"
import {
    aCase,
    DEVICE_ID,
    MEMBERS,
    OPERATION_ID,
    OPERATOR_ID,
    OUTSIDER,
    TARGET_ID,
} from "../support/case.js"
import { ManualClock } from "../support/manual-clock.js"
import { makeTempFolder, tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { signIn, Viewer } from "../support/viewer.js"

const SIGNED_OUT = "signed out"
const PEOPLE = [SIGNED_OUT, OUTSIDER.id, ...MEMBERS.map(({ id }) => id)]
const SEES_POSITIONS = [OPERATOR_ID, "team-lead"]
const ORDERS = [...SEES_POSITIONS, "officer"]
const NAMES_OPERATION = [...SEES_POSITIONS, "officer", "custodian"]

type Decision = (who: string) => number
const anybody =
    (status: number): Decision =>
    () =>
        status
const signedIn =
    (status: number): Decision =>
    (who) =>
        who === SIGNED_OUT ? 401 : status
const watcher: Decision = (who) =>
    who === SIGNED_OUT ? 401 : SEES_POSITIONS.includes(who) ? 200 : 403

const orderer =
    (status: number): Decision =>
    (who) =>
        who === SIGNED_OUT ? 401 : ORDERS.includes(who) ? status : 403

/** The decision on each route. The live feed is no route of the description: a row of its own. */
const DECISIONS: Record<string, Decision> = {
    "get /health": anybody(200),
    "get /api/openapi.json": anybody(200),
    "get /sign-in/{secret}": anybody(410),
    "get /api/session": signedIn(200),
    "delete /api/session": anybody(204),
    "get /api/operations/{operationId}/targets": watcher,
    "get /api/operations/{operationId}/targets/{targetId}/track": watcher,
    "get /api/operations/{operationId}/devices": orderer(200),
    "get /api/devices/{deviceId}/orders": orderer(200),
    // The officer approves and does not ask.
    "post /api/devices/{deviceId}/orders": (who) => (who === "officer" ? 403 : orderer(201)(who)),
    // There is no such order: test/gateway/orders.test.ts approves one that there is.
    "post /api/devices/{deviceId}/orders/{orderId}/approval": orderer(403),
    "get /api/maps": signedIn(200),
    "get /maps/{file}": signedIn(404),
}
const LIVE: Decision = (who) =>
    who === SIGNED_OUT ? 4401 : SEES_POSITIONS.includes(who) ? 0 : 4403

let gateway: Gateway
beforeAll(async () => {
    const { path, remove } = makeTempFolder()
    const config = gatewayConfig({ data: path, port: 0, mqttPort: 0 })
    gateway = await startGateway(config, quiet)
    gateway.registry.add(aCase())
    return async () => {
        await gateway.close()
        remove()
    }
})

async function ask(method: string, path: string, who: string): Promise<Response> {
    const cookie = who === SIGNED_OUT ? "" : await signIn(gateway, who)
    const url = gateway.url + path
    const isOrder = method === "post" && path.endsWith("/orders")
    const json: Record<string, string> = isOrder ? { "content-type": "application/json" } : {}
    const headers = { cookie, ...json }
    const body = isOrder ? { body: JSON.stringify({ order: "report" }) } : {}
    return fetch(url, { method, headers, ...body, redirect: "manual" })
}
function addressOf(path: string): string {
    const filled = path
        .replace("{operationId}", OPERATION_ID)
        .replace("{targetId}", TARGET_ID)
        .replace("{deviceId}", DEVICE_ID)
        .replace("{orderId}", "0")
        .replace("{secret}", "none")
        .replace("{file}", "none.pmtiles")
    return filled.endsWith("/track") ? `${filled}?fromMs=0&toMs=1` : filled
}

describe("the decision on every route", () => {
    it("is made: the table and the gateway's own description name the same routes", async () => {
        const answer = await ask("get", "/api/openapi.json", SIGNED_OUT)
        const { paths } = (await answer.json()) as { paths: Record<string, object> }
        const routes = Object.entries(paths).flatMap(([path, methods]) =>
            Object.keys(methods).map((method) => `${method} ${path}`),
        )
        expect(routes.sort()).toEqual(Object.keys(DECISIONS).sort())
    })

    it.each(Object.entries(DECISIONS))("%s holds for every role", async (route, decide) => {
        const [method, path] = route.split(" ") as [string, string]
        for (const who of PEOPLE) {
            const answer = await ask(method, addressOf(path), who)
            expect([who, answer.status]).toEqual([who, decide(who)])
        }
    })

    it("holds for the live feed", async () => {
        for (const who of PEOPLE) {
            const cookie = who === SIGNED_OUT ? undefined : await signIn(gateway, who)
            const viewer = new Viewer(gateway, { cookie })
            const wanted = LIVE(who)
            if (wanted === 0) await viewer.next("snapshot")
            else {
                expect([who, await viewer.closed]).toEqual([who, wanted])
                expect(viewer.messages).toEqual([])
            }
        }
    })

    it("holds for an operation and a target that there are not", async () => {
        for (const who of PEOPLE.filter((one) => one !== SIGNED_OUT)) {
            const nowhere = ["/api/operations/none/targets", `${track("none")}?fromMs=0&toMs=1`]
            for (const path of nowhere) expect((await ask("get", path, who)).status).toBe(403)
        }
    })

    it("names operations only to members whose role works on them", async () => {
        for (const who of PEOPLE.filter((one) => one !== SIGNED_OUT)) {
            const answer = await ask("get", "/api/session", who)
            const { user, operations } = (await answer.json()) as SessionView
            const named = NAMES_OPERATION.includes(who)
                ? [{ id: OPERATION_ID, name: "Harbour" }]
                : []
            expect({ id: user.id, operations }).toEqual({ id: who, operations: named })
        }
    })
})

function track(targetId: string): string {
    return `/api/operations/${OPERATION_ID}/targets/${targetId}/track`
}

describe("a target is shown", () => {
    const FROM_MS = START_MS
    const TO_MS = START_MS + 3600_000

    it.each([
        ["not before its mandate begins", FROM_MS - 1, 403],
        ["from the instant it begins", FROM_MS, 200],
        ["in its last millisecond", TO_MS - 1, 200],
        ["no longer at the instant it has ended", TO_MS, 403],
    ])("%s", async (_when, nowMs, status) => {
        const clock = new ManualClock(nowMs)
        const additions = aCase({ fromMs: FROM_MS, toMs: TO_MS })
        const gateway = await testGateway(additions, tempFolder(), quiet, { clock })
        const cookie = await signIn(gateway, OPERATOR_ID, nowMs)
        for (const path of ["targets", `targets/${TARGET_ID}/track?fromMs=0&toMs=1`]) {
            const url = `${gateway.url}/api/operations/${OPERATION_ID}/${path}`
            expect((await fetch(url, { headers: { cookie } })).status).toBe(status)
        }
        const viewer = new Viewer(gateway, { cookie })
        const { targets, fences } = await viewer.next("snapshot")
        expect(targets).toHaveLength(status === 200 ? 1 : 0)
        expect(fences).toEqual([])
    })

    it("without the time at which its device, now on another target, was heard", async () => {
        const clock = new ManualClock(FROM_MS)
        const additions = aCase({ fromMs: FROM_MS, toMs: TO_MS, assignedToMs: FROM_MS + 1000 })
        const gateway = await testGateway(additions, tempFolder(), quiet, { clock })
        const [device] = additions.devices!
        const message = { epoch: 0, session: "aa", seq: 0, type: 0, message: Buffer.of(1) }
        const arrival = {
            ...{ receivedAtMs: unixMs(FROM_MS), remote: "" },
            ...{ helloCounter: null, isRelayed: false },
        }
        gateway.provision(device!.id)
        await gateway.ledger.append({ deviceId: device!.id, ...message, ...arrival })
        await gateway.settled()
        const cookie = await signIn(gateway, OPERATOR_ID, clock.ms)
        const heard = async () => {
            const url = `${gateway.url}/api/operations/${OPERATION_ID}/targets`
            const view = (await (await fetch(url, { headers: { cookie } })).json()) as TargetsView
            return view.targets[0]!.receivedAtMs
        }
        expect(await heard()).toBe(FROM_MS)
        clock.ms = FROM_MS + 1000
        expect(await heard()).toBeNull()
    })
})

describe("a sign-in link", () => {
    it("works once, as a cookie that scripts and other sites do not get", async () => {
        const secret = gateway.signIn.makeLink(OPERATOR_ID, unixMs(Date.now()))
        const open = () => fetch(`${gateway.url}/sign-in/${secret}`, { redirect: "manual" })
        const first = await open()
        expect(first.status).toBe(303)
        expect(first.headers.get("location")).toBe("/")
        expect(first.headers.get("set-cookie")).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/)
        const second = await open()
        expect(second.status).toBe(410)
        expect(second.headers.get("set-cookie")).toBeNull()
        expect(second.headers.get("content-type")).toContain("application/problem+json")
    })

    it("lasts an hour, its session twelve, and both are forgotten", async () => {
        const clock = new ManualClock(START_MS)
        const gateway = await testGateway(aCase(), tempFolder(), quiet, { clock })
        const link = () => gateway.signIn.makeLink(OPERATOR_ID, clock.nowMs())
        const use = async (secret: string) =>
            fetch(`${gateway.url}/sign-in/${secret}`, { redirect: "manual" })
        const [late, inTime] = [link(), link()]
        clock.ms += LINK_LIFE_MS - 1
        const opened = await use(inTime)
        expect(opened.status).toBe(303)
        clock.ms += 1
        expect((await use(late)).status).toBe(410)

        const cookie = opened.headers.get("set-cookie")!.split(";")[0]!
        const session = async () =>
            (await fetch(`${gateway.url}/api/session`, { headers: { cookie } })).status
        clock.ms = START_MS + LINK_LIFE_MS - 1 + SESSION_LIFE_MS - 1
        expect(await session()).toBe(200)
        clock.ms += 1
        expect(await session()).toBe(401)

        await use(link())
        const count = (table: string) =>
            handleOf(gateway.signIn).prepare(`SELECT count(*) FROM ${table}`).pluck().get()
        expect([count("sign_in_link"), count("session")]).toEqual([0, 1])
    })

    it("leaves no secret in the database", async () => {
        const secret = gateway.signIn.makeLink(OPERATOR_ID, unixMs(Date.now()))
        const rows = handleOf(gateway.signIn).prepare("SELECT * FROM sign_in_link").all()
        expect(rows.length).toBeGreaterThan(0)
        expect(JSON.stringify(rows)).not.toContain(secret)
    })
})

describe("signing out", () => {
    it("ends the session for good, and its live feed", async () => {
        const pace = { coalesceMs: 10, heartbeatMs: 50 }
        const gateway = await testGateway(aCase(), tempFolder(), quiet, { pace })
        const [cookie, other] = [await signIn(gateway), await signIn(gateway)]
        const viewer = new Viewer(gateway, { cookie })
        const stays = new Viewer(gateway, { cookie: other })
        await Promise.all([viewer.next("snapshot"), stays.next("snapshot")])

        const url = `${gateway.url}/api/session`
        const answer = await fetch(url, { method: "DELETE", headers: { cookie } })
        expect(answer.headers.get("set-cookie")).toMatch(/^burr_session=; .*1970/)
        expect((await fetch(url, { headers: { cookie } })).status).toBe(401)
        expect(await viewer.closed).toBe(4401)
        const heard = stays.messages.length
        await stays.next("heartbeat", () => true, heard)
    })

    it("by time ends the live feed too", async () => {
        const clock = new ManualClock(START_MS)
        const pace = { coalesceMs: 10, heartbeatMs: 50 }
        const gateway = await testGateway(aCase(), tempFolder(), quiet, { clock, pace })
        const viewer = new Viewer(gateway, { cookie: await signIn(gateway, OPERATOR_ID, START_MS) })
        await viewer.next("snapshot")
        clock.ms += SESSION_LIFE_MS
        expect(await viewer.closed).toBe(4401)
    })
})

describe("a page of another origin", () => {
    it.each(["http://elsewhere.example", "null", "not an address", "https://127.0.0.1:1"])(
        "%s gets no feed with the viewer's cookie",
        async (origin) => {
            const viewer = new Viewer(gateway, { cookie: await signIn(gateway), origin })
            expect(await viewer.closed).toBe(1006)
            expect(viewer.messages).toEqual([])
        },
    )

    it("of the console itself gets one", async () => {
        const viewer = new Viewer(gateway, { cookie: await signIn(gateway), origin: gateway.url })
        await viewer.next("snapshot")
    })
})
