// Orders in the console: one person asks in a real browser, another approves in a second one.

import type { Locator, Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import {
    type OperationDevicesView as ConsoleDevices,
    type OrdersView as ConsoleOrders,
    type OrderView,
    orderPeopleText,
    orderStateText,
    orderText,
} from "../../console/live/orders.js"
import type { OperationDevicesView, OrdersView } from "../../gateway/core/downlink/order-desk.js"
import type { Gateway } from "../../gateway/main.js"
import { unixMs } from "../../protocol/units.js"
import { openBrowser } from "../support/browser.js"
import { aCase, DEVICE_ID, TARGET_ID } from "../support/case.js"
import { testGateway } from "../support/test-gateway.js"

const PAGE_WAIT_MS = 60_000
const soon = { timeout: 20_000, interval: 50 }
const NOW_MS = unixMs(Date.UTC(2031, 4, 5, 12))

const textOf = async (locator: Locator) => (await locator.innerText()).replace(/\s+/g, " ").trim()

/** The orders of the target's tracker, opened as this person sees them. */
async function openOrders(gateway: Gateway, page: Page, user: string): Promise<Locator> {
    const link = gateway.signIn.makeLink(user, unixMs(Date.now()))
    await page.goto(`${gateway.url}/sign-in/${link}`)
    await page.locator(`[data-target="${TARGET_ID}"]`).click()
    await page.getByRole("button", { name: "Orders" }).click()
    return page.getByRole("list", { name: "Orders of T-001, newest first" })
}

describe("the console's list of orders", () => {
    it(
        "asks for a report and another profile, and has them approved by somebody else",
        async () => {
            const gateway = await testGateway(aCase())
            const browser = await openBrowser()
            const [mine, theirs] = await Promise.all([browser.newContext(), browser.newContext()])
            const page = await mine.newPage()
            const complaints: string[] = []
            page.on("console", (message) => {
                if (["error", "warning"].includes(message.type())) complaints.push(message.text())
            })
            const orders = await openOrders(gateway, page, "operator")
            await expect
                .poll(() => textOf(orders), soon)
                .toMatch(/^mandate until .* waits for the tracker, .* by the mandate itself$/)

            await page.getByRole("button", { name: "Report now" }).click()
            await expect.poll(() => textOf(orders), soon).toMatch(/^report now waits for another/)
            const profile = page.getByRole("combobox", { name: "Profile of T-001" })
            await profile.selectOption("long-life")
            await page.getByRole("button", { name: "Set profile" }).click()
            await expect.poll(() => textOf(orders), soon).toMatch(/^profile long-life waits for/)
            expect(await textOf(page.locator("[aria-live=polite].word"))).toContain(
                "has to approve",
            )
            expect(await orders.getByRole("button").count()).toBe(0)

            const other = await theirs.newPage()
            const asked = await openOrders(gateway, other, "team-lead")
            await asked.getByRole("button", { name: "Approve report now" }).click()
            await expect
                .poll(() => textOf(asked.locator("li", { hasText: "report now" })), soon)
                .toMatch(/waits for the tracker, at most until .* operator, approved by team-lead$/)
            await expect.poll(() => asked.getByRole("button").count(), soon).toBe(1)
            expect(complaints).toEqual([])
        },
        PAGE_WAIT_MS,
    )

    it("reads what the gateway says: the shapes are the same on both sides", () => {
        const orders: OrdersView = {
            device: { id: DEVICE_ID, label: "" },
            mayAsk: true,
            orders: [],
        }
        const devices: OperationDevicesView = { devices: [] }
        const read: [ConsoleOrders, ConsoleDevices] = [orders, devices]
        expect(read).toHaveLength(2)
    })
})

describe("an order in words", () => {
    const view = (parts: Partial<OrderView>): OrderView => ({
        ...{ id: 1, order: "report", fields: {}, state: "waiting", reason: null },
        ...{ askedBy: "Ada", approvedBy: "Ben", mayApprove: false },
        ...{ askedAtMs: NOW_MS, expiresAtMs: NOW_MS, toldAtMs: NOW_MS, decidedAtMs: NOW_MS },
        ...parts,
    })

    it.each([
        ["hold", { seconds: 60 }, "hold: 1 min"],
        ["heartbeat", { seconds: null }, "heartbeat: the profile's own"],
        ["bounds", { liveM: 25, historyM: null }, "bounds: live 25 m, history the profile's own"],
        ["bounds", { liveM: 0, historyM: 40 }, "bounds: live 0, history 40 m"],
        ["live-until", { untilMs: null }, "live no longer"],
        ["fence", { number: 3, shape: "circle" }, "watch fence 3 (circle)"],
        ["clear-fence", { number: null }, "forget all fences"],
        ["clear-fence", { number: 3 }, "forget fence 3"],
        ["wipe", {}, "wipe"],
    ])("is what people call it: %s %o", (order, fields, text) => {
        expect(orderText(view({ order, fields }), NOW_MS)).toBe(text)
    })

    it("says how far it has come, when and why not", () => {
        const text = (parts: Partial<OrderView>) => orderStateText(view(parts), NOW_MS)
        const time = "\\d\\d:00:00"
        expect(text({ state: "asked" })).toBe("waits for another person's approval")
        expect(text({ state: "sent" })).toMatch(new RegExp(`^told ${time}, not answered yet$`))
        expect(text({ state: "answered" })).toMatch(new RegExp(`^obeyed ${time}$`))
        const refused = text({ state: "refused", reason: "this board cannot" })
        expect(refused).toMatch(new RegExp(`^refused ${time}: this board cannot$`))
        expect(text({ state: "expired", reason: "its time was up" })).toBe(
            "given up: its time was up",
        )
        expect(orderPeopleText(view({ askedBy: null, approvedBy: null }))).toMatch(/mandate itself/)
        expect(orderPeopleText(view({ approvedBy: null }))).toBe("asked by Ada")
    })
})
