// Orders over HTTP: who may ask, approve and see, what is refused and why, and what the consultation
// log holds of it. No tracker is there to obey (test/system/orders.test.ts has one).

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PROFILES } from "../../firmware/logic/profile.js"
import type { CaseAdditions } from "../../gateway/adapters/registry/sqlite-registry.js"
import type { CaseFile } from "../../gateway/core/domain/case-file.js"
import type { OperationDevicesView, OrdersView } from "../../gateway/core/downlink/order-desk.js"
import { orderForm, wireOrder } from "../../gateway/core/downlink/order-form.js"
import type { OrderView } from "../../gateway/core/downlink/order-view.js"
import {
    orderFields,
    orderName,
    PROFILE_NAMES,
    refusalText,
} from "../../gateway/core/downlink/order-words.js"
import type { Gateway } from "../../gateway/main.js"
import { atOrderDesk } from "../../gateway/order-client.js"
import { CommandKind } from "../../protocol/command.js"
import { orderFault } from "../../protocol/order.js"
import { Answer } from "../../protocol/response.js"
import { unixMs } from "../../protocol/units.js"
import { handleOf, refuseRows, rowsOf } from "../support/break-database.js"
import { aCircle, START_MS } from "../support/builders.js"
import {
    aCase,
    DEVICE_ID,
    FENCE_ID,
    MANDATE_ID,
    MEMBERS,
    OPERATION_ID,
    OUTSIDER,
    TARGET_ID,
} from "../support/case.js"
import { cases } from "../support/cases.js"
import { ManualClock } from "../support/manual-clock.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { signIn } from "../support/viewer.js"

const ORDERS = `/api/devices/${DEVICE_ID}/orders`
const DEVICES = `/api/operations/${OPERATION_ID}/devices`
const HOUR_MS = 3_600_000
const BENCH_ID = "00000000000000bb"
const OTHER_DEVICE_ID = "00000000000000cc"
const SIGNED_OUT = "signed out"
const PEOPLE = [SIGNED_OUT, OUTSIDER.id, ...MEMBERS.map(({ id }) => id)]
const HOLD = { order: "hold", seconds: 60 }

/** Beside the van: a unit on the bench, and another operation with a device of its own. */
function twoCases(parts: Parameters<typeof aCase>[0] = {}): CaseAdditions {
    const own = aCase(parts)
    const other = { operationId: "op-other", targetId: "target-other" }
    const fromMs = own.mandates![0]!.fromMs
    return {
        ...own,
        operations: [...own.operations!, { id: other.operationId, name: "Other" }],
        targets: [
            ...own.targets!,
            { id: other.targetId, operationId: other.operationId, name: "Boat", kind: "vessel" },
        ],
        devices: [
            ...own.devices!,
            { id: BENCH_ID, label: "B-001", use: "bench", state: "provisioned" },
            { id: OTHER_DEVICE_ID, label: "T-002", use: "tracker", state: "deployed" },
        ],
        mandates: [
            ...own.mandates!,
            { ...own.mandates![0]!, ...other, id: "mandate-other", reference: "9 Js 1/31" },
        ],
        assignments: [
            ...own.assignments!,
            {
                ...{ deviceId: OTHER_DEVICE_ID, targetId: other.targetId, toMs: null, fromMs },
                mandateId: "mandate-other",
            },
        ],
        memberships: [...own.memberships!, { userId: OUTSIDER.id, operationId: other.operationId }],
    }
}

async function aDesk(additions: CaseAdditions = twoCases()) {
    const data = tempFolder()
    const clock = new ManualClock(START_MS)
    const gateway = await testGateway(additions, data, quiet, { clock })
    const cookies = new Map<string, string>([[SIGNED_OUT, ""]])
    const call = async (
        who: string,
        method: string,
        path: string,
        body?: unknown,
        headers: Record<string, string> = {},
    ) => {
        if (!cookies.has(who)) cookies.set(who, await signIn(gateway, who, clock.ms))
        const json: Record<string, string> =
            body === undefined ? {} : { "content-type": "application/json" }
        return fetch(gateway.url + path, {
            method,
            headers: { cookie: cookies.get(who)!, ...json, ...headers },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
    }
    const asked = async (body: unknown = HOLD, path = ORDERS, who = "operator") => {
        const answer = await call(who, "POST", path, body)
        expect(answer.status).toBe(201)
        return (await answer.json()) as OrderView
    }
    const view = async (path = ORDERS, who = "operator") =>
        (await (await call(who, "GET", path)).json()) as OrdersView
    return { data, clock, gateway, call, asked, view }
}
type Desk = Awaited<ReturnType<typeof aDesk>>

async function problem(answer: Response): Promise<[number, string]> {
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/)
    const { status, detail } = (await answer.json()) as { status: number; detail: string }
    return [status, detail]
}

describe("orders to a tracker", () => {
    const MAY_ASK = ["operator", "team-lead"]
    const MAY_APPROVE = ["team-lead", "officer"]
    const MAY_SEE = ["operator", "team-lead", "officer"]
    const decide = (who: string, allowed: readonly string[], status: number) =>
        who === SIGNED_OUT ? 401 : allowed.includes(who) ? status : 403

    it("are seen, asked for and approved by role and membership", async () => {
        const desk = await aDesk()
        for (const who of PEOPLE) {
            const path = (at: string) => desk.call(who, "GET", at)
            const seen = [(await path(ORDERS)).status, (await path(DEVICES)).status]
            const asked = (await desk.call(who, "POST", ORDERS, HOLD)).status
            const other = who === "operator" ? "team-lead" : "operator"
            const { id } = await desk.asked(HOLD, ORDERS, other)
            const approved = (await desk.call(who, "POST", `${ORDERS}/${id}/approval`)).status
            expect([who, ...seen, asked, approved]).toEqual([
                ...[who, decide(who, MAY_SEE, 200), decide(who, MAY_SEE, 200)],
                ...[decide(who, MAY_ASK, 201), decide(who, MAY_APPROVE, 200)],
            ])
        }
    })

    it("are given by two people", async () => {
        const desk = await aDesk()
        const { id } = await desk.asked(HOLD, ORDERS, "team-lead")
        const own = await desk.call("team-lead", "POST", `${ORDERS}/${id}/approval`)
        expect(await problem(own)).toEqual([
            403,
            'approval by "team-lead": expected another person than asked for it',
        ])
        expect((await desk.call("officer", "POST", `${ORDERS}/${id}/approval`)).status).toBe(200)
        const again = await desk.call("officer", "POST", `${ORDERS}/${id}/approval`)
        expect(await problem(again)).toEqual([
            409,
            `order ${id}: is pending, expected one that is asked`,
        ])
    })

    it("say to each who looks what that person may do", async () => {
        const desk = await aDesk()
        const { id } = await desk.asked(HOLD, ORDERS, "team-lead")
        const may = async (who: string) => {
            const { mayAsk, orders } = await desk.view(ORDERS, who)
            return [mayAsk, orders.find((one) => one.id === id)!.mayApprove]
        }
        expect(await may("operator")).toEqual([true, false])
        expect(await may("team-lead")).toEqual([true, false])
        expect(await may("officer")).toEqual([false, true])
        await desk.call("officer", "POST", `${ORDERS}/${id}/approval`)
        expect(await may("officer")).toEqual([false, false])
    })

    it("of another operation, of none and of no device are refused alike", async () => {
        const desk = await aDesk()
        const other = `/api/devices/${OTHER_DEVICE_ID}/orders`
        const foreign = await desk.asked(HOLD, other, OUTSIDER.id)
        const expected = [403, "no mandate lets you order anything of this device"]
        for (const path of [other, `/api/devices/${BENCH_ID}/orders`, "/api/devices/none/orders"]) {
            for (const [method, body] of [["GET"], ["POST", HOLD]] as const)
                expect(await problem(await desk.call("team-lead", method, path, body))).toEqual(
                    expected,
                )
            const approval = await desk.call("team-lead", "POST", `${path}/${foreign.id}/approval`)
            expect(await problem(approval)).toEqual(expected)
        }
        // Nor by way of a device that one may order.
        const approval = await desk.call("team-lead", "POST", `${ORDERS}/${foreign.id}/approval`)
        expect(await problem(approval)).toEqual([403, `order ${foreign.id}: none of this device's`])
        const shown = (await desk.view()).orders.map(({ id }) => id)
        expect(shown).not.toContain(foreign.id)
        expect((await desk.view(other, OUTSIDER.id)).orders[0]).toMatchObject({ state: "asked" })
    })

    it("of an earlier operation are not shown to the one that has the device now", async () => {
        const additions = twoCases({ assignedToMs: START_MS + HOUR_MS })
        const desk = await aDesk({
            ...additions,
            assignments: [
                ...additions.assignments!,
                {
                    ...{
                        deviceId: DEVICE_ID,
                        targetId: "target-other",
                        mandateId: "mandate-other",
                    },
                    ...{ fromMs: unixMs(START_MS + HOUR_MS), toMs: null },
                },
            ],
        })
        const { id } = await desk.asked()
        expect((await desk.call(OUTSIDER.id, "GET", ORDERS)).status).toBe(403)
        desk.clock.ms += HOUR_MS
        const theirs = await desk.asked(HOLD, ORDERS, OUTSIDER.id)
        const named = async (who: string) =>
            (await desk.view(ORDERS, who)).orders
                .filter(({ order }) => order === "hold")
                .map((one) => [one.id, one.mandate, one.state])
        expect(await named(OUTSIDER.id)).toEqual([[theirs.id, "9 Js 1/31", "asked"]])
        expect(await named("operator")).toEqual([[id, "4 Js 17/31", "expired"]])
    })

    it("need a mandate that runs, and are seen after its end", async () => {
        const desk = await aDesk(twoCases({ fromMs: START_MS, toMs: START_MS + HOUR_MS }))
        const { id } = await desk.asked()
        desk.clock.ms += HOUR_MS
        const approval = await desk.call("team-lead", "POST", `${ORDERS}/${id}/approval`)
        expect(await problem(approval)).toEqual([409, `order ${id}: its mandate runs no more`])
        expect(await problem(await desk.call("operator", "POST", ORDERS, HOLD))).toEqual([
            403,
            `device ${DEVICE_ID}: no mandate runs that it is assigned under`,
        ])
        expect((await desk.view()).orders.find((one) => one.id === id)).toMatchObject({
            ...{ state: "expired", approvedBy: null },
            reason: "its mandate had ended before anybody approved it",
        })
        const wipe = await desk.asked({ order: "wipe", deviceId: DEVICE_ID })
        expect(wipe).toMatchObject({ state: "asked", order: "wipe", fields: {} })
    })

    it("lapse when their time is up, approved or not", async () => {
        const desk = await aDesk()
        const body = { ...HOLD, expiresAtMs: START_MS + 1000 }
        const [left, approved] = [await desk.asked(body), await desk.asked(body)]
        await desk.call("team-lead", "POST", `${ORDERS}/${approved.id}/approval`)
        desk.clock.ms += 1000
        const { orders } = await desk.view()
        const reasonOf = (wanted: number) => orders.find(({ id }) => id === wanted)!.reason
        expect(reasonOf(left.id)).toBe("its time was up before anybody approved it")
        expect(reasonOf(approved.id)).toBe("its time was up before the device was heard")
    })
})

describe("orders to a unit on the bench", () => {
    it("are given by two of those who service it, without a mandate", async () => {
        const desk = await aDesk()
        const path = `/api/devices/${BENCH_ID}/orders`
        const { id } = await desk.asked(HOLD, path, "technician")
        for (const who of MEMBERS.map((one) => one.id)) {
            const wanted = ["technician", "administrator"].includes(who) ? 200 : 403
            expect((await desk.call(who, "GET", path)).status).toBe(wanted)
        }
        const approval = await desk.call("administrator", "POST", `${path}/${id}/approval`)
        expect(await approval.json()).toMatchObject({
            ...{ state: "waiting", mandate: null },
            ...{ askedBy: "technician", approvedBy: "administrator" },
        })
    })
})

describe("a request", () => {
    const ALL =
        "expected hold, report, self-test, profile, bounds, heartbeat, live-until, fence, clear-fence or wipe"
    const bad: [name: string, body: unknown, detail: string][] = [
        ["of an order that there is not", { order: "explode" }, `order: given "explode", ${ALL}`],
        ["of none", {}, `order: given nothing, ${ALL}`],
        [
            "of a profile that there is not",
            { order: "profile", profile: "fast" },
            'profile: given "fast", expected live, normal, long-life, bench or a number from 1 to 255',
        ],
        [
            "out of range",
            { order: "heartbeat", seconds: 59 },
            "seconds: given 59, expected seconds, a whole number from 60 to 604800, or null for the profile's",
        ],
        [
            "without a value",
            { order: "bounds", liveM: 25 },
            "historyM: given nothing, expected metres, a whole number from 0 to 1000, or null for the profile's",
        ],
        [
            "with one too many",
            { order: "report", now: true },
            'body: given {"order":"report","now":true}, Unrecognized key: "now"',
        ],
        [
            "for longer than a day of live",
            { order: "live-until", untilMs: START_MS + 86_401_000 },
            `untilMs: given ${START_MS + 86_401_000}, 86401 s ahead, expected 1 to 86400 s, or null`,
        ],
        [
            "with a fence of nobody",
            { order: "fence", number: 1, fenceId: "none", fixes: 2, seconds: 60 },
            'fenceId: given "none", expected the id of a fence of the operation',
        ],
        [
            "to wipe another device",
            { order: "wipe", deviceId: OTHER_DEVICE_ID },
            `deviceId: given "${OTHER_DEVICE_ID}", expected "${DEVICE_ID}", the device to be wiped`,
        ],
        [
            "that has expired",
            { ...HOLD, expiresAtMs: START_MS },
            `expiresAtMs: given ${START_MS}, 0 ms ahead, expected 1 to 604800000`,
        ],
        ["that is no object", [], `body: given [], ${ALL}`],
    ]
    it("is refused with the field, what was given and what was expected", async () => {
        const desk = await aDesk()
        for (const [name, body, detail] of bad) {
            const answer = await desk.call("operator", "POST", ORDERS, body)
            expect([name, await problem(answer)]).toEqual([name, [400, detail]])
        }
        expect((await desk.view()).orders.filter(({ askedBy }) => askedBy !== null)).toEqual([])
        const approval = await desk.call("team-lead", "POST", `${ORDERS}/x/approval`)
        expect(await problem(approval)).toEqual([
            400,
            'orderId: given "x", expected the number of an order',
        ])
    })

    it("from a page of another origin is refused, whatever cookie it brings", async () => {
        const desk = await aDesk()
        const { id } = await desk.asked()
        const origin = { origin: "http://127.0.0.1:1" }
        const approval = `${ORDERS}/${id}/approval`
        for (const [path, body] of [[ORDERS, HOLD], [approval]] as const)
            expect((await desk.call("team-lead", "POST", path, body, origin)).status).toBe(403)
        const own = { origin: desk.gateway.url }
        expect((await desk.call("team-lead", "POST", approval, undefined, own)).status).toBe(200)
    })

    it("whatever it is, is an order that every tracker could obey or a refusal", () => {
        const near = (least: number, most: number) =>
            fc.oneof(fc.constant(null), fc.integer({ min: least - 1, max: most + 1 }))
        const forms = fc.oneof(
            fc.record({ order: fc.constant("hold"), seconds: near(1, 86_400) }),
            fc.record({ order: fc.constant("heartbeat"), seconds: near(60, 604_800) }),
            fc.record({
                order: fc.constant("bounds"),
                liveM: near(0, 10_000),
                historyM: near(0, 1000),
            }),
            fc.record({
                order: fc.constant("profile"),
                profile: fc.oneof(near(1, 255), fc.constantFrom(...PROFILE_NAMES.values())),
            }),
            fc.record({ order: fc.constant("clear-fence"), number: near(0, 65_535) }),
            fc.record({
                order: fc.constantFrom("report", "self-test", "live-until", "fence", "nothing"),
            }),
        )
        fc.assert(
            fc.property(forms, (given) => {
                const parsed = orderForm.safeParse(given)
                if (!parsed.success) return
                const device = { deviceId: DEVICE_ID, fenceShape: () => undefined }
                const { order, args } = wireOrder(parsed.data, device, unixMs(START_MS))
                expect(orderFault(order, args)).toBeUndefined()
                const { order: name, ...fields } = given
                expect(orderName(order)).toBe(name)
                if (typeof fields === "object" && "profile" in fields) return
                expect(orderFields(order, args)).toEqual(fields)
            }),
            { numRuns: cases(500, 20_000) },
        )
    })
})

describe("the words", () => {
    it("name the profiles as the firmware does", () => {
        expect([...PROFILE_NAMES]).toEqual(PROFILES.map(({ number, name }) => [number, name]))
    })

    it("name every order and every refusal that the protocol has", () => {
        const numbers = (of: object) => Object.values(of).filter((one) => typeof one === "number")
        for (const order of numbers(CommandKind)) expect(orderName(order)).not.toMatch(/\d/)
        for (const answer of numbers(Answer).filter((one) => one !== Answer.accepted))
            expect(refusalText(answer)).not.toMatch(/\d/)
        expect(refusalText(Answer.accepted)).toBeNull()
        expect(refusalText(99)).toBe("for reason 99, which this version does not know")
    })
})

describe("the consultation log", () => {
    const entries = ({ data }: Desk) =>
        rowsOf<Record<string, unknown>>(
            data,
            "consultations.sqlite",
            "SELECT user_id, action, operation_id, mandates, object FROM consultation ORDER BY id",
        )

    it("holds who saw, asked and approved what, under which mandate", async () => {
        const desk = await aDesk(twoCases({ fence: aCircle(100).shape }))
        await desk.call("operator", "GET", DEVICES)
        await desk.view()
        const { id } = await desk.asked({ order: "profile", profile: "live" })
        await desk.call("team-lead", "POST", `${ORDERS}/${id}/approval`)
        const fence = { order: "fence", number: 3, fenceId: FENCE_ID, fixes: 2, seconds: 60 }
        await desk.asked(fence)
        const bench = `/api/devices/${BENCH_ID}/orders`
        await desk.asked({ order: "report" }, bench, "technician")
        const own = { operation_id: OPERATION_ID, mandates: '["4 Js 17/31"]' }
        const order = `${DEVICE_ID} order ${id}: profile profile=live`
        const words = `${DEVICE_ID} fence number=3 shape=circle fixes=2 seconds=60`
        expect(entries(desk)).toEqual([
            { user_id: "operator", action: "devices", object: DEVICE_ID, ...own },
            { user_id: "operator", action: "orders", object: DEVICE_ID, ...own },
            {
                ...{ user_id: "operator", action: "order-ask", ...own },
                object: `${DEVICE_ID} profile profile=live`,
            },
            { user_id: "team-lead", action: "order-approve", object: order, ...own },
            { user_id: "operator", action: "order-ask", object: words, ...own },
            {
                ...{ user_id: "technician", action: "order-ask", operation_id: "" },
                ...{ mandates: "[]", object: `${BENCH_ID} report` },
            },
        ])
    })

    it("that cannot be written lets nobody see, ask or approve", async () => {
        const desk = await aDesk()
        const { id } = await desk.asked()
        const mend = refuseRows(desk.data, "consultations.sqlite", "consultation")
        for (const [method, path, body] of [
            ["GET", ORDERS],
            ["GET", DEVICES],
            ["POST", ORDERS, HOLD],
            ["POST", `${ORDERS}/${id}/approval`],
        ] as const)
            expect((await desk.call("team-lead", method, path, body)).status).toBe(503)
        mend()
        const { orders } = await desk.view()
        expect(orders.filter(({ askedBy }) => askedBy !== null)).toMatchObject([
            { id, state: "asked" },
        ])
    })
})

describe("the devices of an operation", () => {
    it("are those that are or were on its targets", async () => {
        const desk = await aDesk(twoCases({ assignedToMs: START_MS + HOUR_MS }))
        const devices = async () =>
            (await (await desk.call("operator", "GET", DEVICES)).json()) as OperationDevicesView
        const own = { id: DEVICE_ID, label: "T-001", targetId: TARGET_ID }
        expect(await devices()).toEqual({ devices: [{ ...own, isAssigned: true }] })
        desk.clock.ms += HOUR_MS
        expect(await devices()).toEqual({ devices: [{ ...own, isAssigned: false }] })
    })
})

it("a mandate that enters the registry becomes an order to its tracker at once", async () => {
    const desk = await aDesk()
    const mandates = (gateway: Gateway): CaseFile["mandates"] =>
        gateway.registry.caseFile().mandates
    const mandate = mandates(desk.gateway).find(({ id }) => id === MANDATE_ID)!
    expect((await desk.view()).orders).toMatchObject([
        { order: "mandate", state: "waiting", fields: { endMs: mandate.toMs }, askedBy: null },
    ])
})

describe("`burr order`", () => {
    const at = (desk: Desk, user: string, action: string, ...details: string[]) =>
        atOrderDesk({ data: desk.data, user, deviceId: DEVICE_ID, action, details })

    it("asks, approves and lists under the same authority as the console", async () => {
        const desk = await aDesk()
        desk.clock.ms = Date.now()
        const [asked] = (await at(desk, "operator", "bounds", "liveM=25", "historyM=null")) as [
            OrderView,
        ]
        expect(asked).toMatchObject({ state: "asked", fields: { liveM: 25, historyM: null } })
        await at(desk, "team-lead", "approve", String(asked.id))
        const listed = (await at(desk, "operator", "list")) as OrderView[]
        expect(listed.find(({ id }) => id === asked.id)).toMatchObject({ state: "waiting" })
        await expect(at(desk, "auditor", "list")).rejects.toThrow("Not allowed: no mandate lets")
        await expect(at(desk, "operator", "approve")).rejects.toThrow("expected the number")
        await expect(at(desk, "operator", "hold", "60")).rejects.toThrow(
            'field: given "60", expected name=value',
        )
        const sessions = handleOf(desk.gateway.signIn).prepare("SELECT 1 FROM session").all()
        expect(sessions).toEqual([])
    })

    it("says what to do where no gateway runs", async () => {
        const desk = await aDesk()
        await desk.gateway.close()
        await expect(at(desk, "operator", "list")).rejects.toThrow(/^no gateway answers at http/)
    })
})
