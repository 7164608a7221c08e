// The built console in a real browser, against a gateway of which only the outside exists.

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Browser, Locator, Page } from "playwright-core"
import { build } from "vite"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { FenceView, TargetView } from "../../protocol/live.js"
import { deg, metres, unixMs } from "../../protocol/units.js"
import { launchChromium } from "../support/browser.js"
import { aTargetView, aTrackPoint, FakeGateway } from "./fake-gateway.js"

/** For a first picture on a machine without a graphics card. */
const PAGE_MS = 30_000
const settled = { timeout: PAGE_MS, interval: 100 }

/** What the console offers to tests and support, as the page sees it. */
const isMapReady = "Boolean(window.burr?.map?.loaded() && window.burr.state().run)"
const roadCount = `(() => {
    const roads = burr.map.getStyle().layers.filter((layer) => layer["source-layer"] === "roads")
    return burr.map.queryRenderedFeatures({ layers: roads.map((layer) => layer.id) }).length
})()`
/** Pixels between where each target is stored and where its marker was drawn. */
const markerErrors = `[...burr.state().targets.values()].filter((target) => target.last).map((target) => {
    const drawn = burr.map.queryRenderedFeatures({ layers: ["targets"] })
        .filter((feature) => feature.properties.id === target.id)
    if (drawn.length === 0) return Infinity
    const at = burr.map.project(drawn[0].geometry.coordinates)
    const stored = burr.map.project([target.last.lonDeg, target.last.latDeg])
    return Math.hypot(at.x - stored.x, at.y - stored.y)
})`

/** The text of an element in one line. */
async function textOf(locator: Locator): Promise<string> {
    return ((await locator.textContent()) ?? "").replace(/\s+/g, " ").trim()
}

function near(
    id: string,
    name: string,
    eastDeg: number,
    northDeg: number,
    speedMps = 8,
): TargetView {
    return aTargetView({
        id,
        name,
        last: aTrackPoint({
            atMs: Date.now() - 2_000,
            latDeg: 47.14 + northDeg,
            lonDeg: 9.52 + eastDeg,
            speedMps,
            headingDeg: 40,
        }),
    })
}

const oldTown: FenceView = {
    id: "f1",
    name: "Old town",
    shape: {
        type: "circle",
        center: { latDeg: deg(47.139), lonDeg: deg(9.522) },
        radiusM: metres(300),
    },
}

describe("the console in a browser", () => {
    let folder: string
    let browser: Browser
    let gateway: FakeGateway
    let page: Page
    let strangers: string[]
    let complaints: string[]

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "burr-console-"))
        await build({
            configFile: fileURLToPath(new URL("../../console/vite.config.ts", import.meta.url)),
            logLevel: "error",
            build: { outDir: folder, minify: false },
        })
        browser = await launchChromium()
    }, 90_000)

    afterAll(async () => {
        await browser?.close()
        if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    })

    beforeEach(async () => {
        gateway = new FakeGateway(folder)
        gateway.snapshot.targets = [
            near("t1", "Grey estate", 0.002, 0.001),
            near("t2", "Van", -0.006, 0.004),
            near("t3", "Courier", 0.004, -0.003),
            aTargetView({ id: "t4", name: "Not heard yet" }),
        ]
        gateway.snapshot.fences = [oldTown]
        await gateway.start()
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
        page = await context.newPage()
        strangers = []
        complaints = []
        page.on("request", (request) => {
            const { origin, protocol } = new URL(request.url())
            const isOwn = origin === gateway.url || protocol === "blob:" || protocol === "data:"
            if (!isOwn) strangers.push(request.url())
        })
        page.on("console", (message) => {
            if (["error", "warning"].includes(message.type())) complaints.push(message.text())
        })
        page.on("pageerror", (error) => complaints.push(error.message))
        return async () => {
            await context.close()
            await gateway.stop()
        }
    })

    async function open(hash = ""): Promise<void> {
        await page.goto(`${gateway.url}/${hash}`)
        await expect.poll(() => page.evaluate(isMapReady), settled).toBe(true)
    }

    it(
        "draws streets and every target where it is, and asks no other host for anything",
        async () => {
            await open()
            await expect.poll(() => page.evaluate(roadCount), settled).toBeGreaterThanOrEqual(50)
            const errors = () => page.evaluate(markerErrors) as Promise<number[]>
            await expect.poll(async () => Math.max(...(await errors())), settled).toBeLessThan(3)
            expect(await errors()).toHaveLength(3)

            const moved = near("t2", "Van", -0.001, -0.002, 20)
            gateway.tell({ kind: "delta", targets: [moved] })
            const row = page.locator('[data-target="t2"]')
            await expect.poll(() => textOf(row), settled).toContain("72 km/h")
            await expect.poll(async () => Math.max(...(await errors())), settled).toBeLessThan(3)

            expect(await textOf(page.locator('[data-target="t4"]'))).toContain("no fix yet")
            expect(await textOf(page.locator(".maplibregl-ctrl-attrib"))).toContain(
                "© OpenStreetMap contributors",
            )
            expect(strangers).toEqual([])
            expect(complaints).toEqual([])
        },
        PAGE_MS,
    )

    it(
        "shows an alert by itself and says it aloud, and brings its target up",
        async () => {
            await open()
            expect(await page.locator("[data-alert]").count()).toBe(0)
            const atMs = unixMs(Date.now())
            gateway.tell({
                kind: "event",
                alert: {
                    id: "a1",
                    kind: "enter",
                    fenceId: "f1",
                    fenceName: "Old town",
                    targetId: "t1",
                    targetName: "Grey estate",
                    atMs,
                    raisedAtMs: atMs,
                    state: "raised",
                },
            })
            const alert = page.locator('[data-alert="a1"]')
            await expect.poll(() => alert.count(), settled).toBe(1)
            expect(await textOf(alert)).toMatch(/Grey estate entered Old town/)
            expect(await textOf(page.locator("[aria-live=polite]"))).toMatch(/entered Old town/)
            await alert.click()
            await expect
                .poll(() => page.evaluate("location.hash"), settled)
                .toMatch(/target=t1&view=/)
            expect(await textOf(page.getByLabel("Chosen target"))).toContain("47.14100, 9.52200")
            expect(complaints).toEqual([])
        },
        PAGE_MS,
    )

    it(
        "stops saying live when the gateway falls silent, and says it again when it speaks",
        async () => {
            await page.clock.install()
            await open()
            const pill = page.getByRole("status")
            await expect.poll(() => textOf(pill), settled).toBe("live")
            gateway.fallSilent()
            await page.clock.runFor(12_000)
            expect(await textOf(pill)).toMatch(/^late 1\d s$/)
            await page.clock.runFor(20_000)
            expect(await textOf(pill)).toMatch(/^offline since \d\d:\d\d/)
            gateway.speakAgain()
            for (let count = 0; count < 60 && (await textOf(pill)) !== "live"; count++) {
                await page.clock.runFor(500)
                await new Promise((done) => setTimeout(done, 20))
            }
            expect(await textOf(pill)).toBe("live")
            expect(complaints).toEqual([])
        },
        PAGE_MS,
    )

    it(
        "obeys its keys and a link, and forgets a target that it may no longer show",
        async () => {
            await open("#target=t3&view=15.00/47.13700/9.52400")
            expect(await page.evaluate("burr.map.getZoom()")).toBeCloseTo(15, 2)
            const chosen = page.getByLabel("Chosen target")
            expect(await textOf(chosen)).toContain("Courier")
            await page.keyboard.press("n")
            await expect.poll(() => textOf(chosen), settled).toContain("Grey estate")
            await page.keyboard.press("f")
            await expect.poll(() => textOf(chosen), settled).toContain("Following")
            await page.keyboard.press("?")
            expect(await textOf(page.getByRole("dialog"))).toContain("choose the next target")
            await page.keyboard.press("Escape")
            gateway.tell({ kind: "withdrawn", targetId: "t1", reason: "mandate ended" })
            await expect.poll(() => chosen.count(), settled).toBe(0)
            expect(await page.locator('[data-target="t1"]').count()).toBe(0)
            expect(await textOf(page.locator(".farewell"))).toContain("mandate ended")
            const drawn = `burr.map.queryRenderedFeatures({ layers: ["targets"] })
                .some((feature) => feature.properties.id === "t1")`
            await expect.poll(() => page.evaluate(drawn), settled).toBe(false)
        },
        PAGE_MS,
    )

    it(
        "keeps the table going where the browser cannot draw a map",
        async () => {
            await page.addInitScript(`HTMLCanvasElement.prototype.getContext = () => null`)
            await page.goto(gateway.url)
            const row = page.locator('[data-target="t1"]')
            await expect.poll(() => row.count(), settled).toBe(1)
            expect(await textOf(page.locator("main"))).toContain("WebGL 2")
            await row.click()
            expect(await textOf(page.getByLabel("Chosen target"))).toContain("47.14100, 9.52200")
        },
        PAGE_MS,
    )

    it(
        "puts only the rows in sight into the page when there are many targets",
        async () => {
            gateway.snapshot.targets = Array.from({ length: 1_000 }, (_, index) =>
                near(`n${index}`, `Unit ${index}`, (index % 40) / 4_000, index / 80_000),
            )
            await open()
            const rows = page.locator("[data-target]")
            expect(await rows.count()).toBeLessThan(60)
            await rows.first().focus()
            await page.keyboard.press("End")
            await page.keyboard.press("Enter")
            await expect
                .poll(() => textOf(page.getByLabel("Chosen target")), settled)
                .toContain("Unit 999")
            expect(await rows.count()).toBeLessThan(60)
        },
        PAGE_MS,
    )

    it(
        "tells somebody who is not signed in how to get in",
        async () => {
            gateway.session = null
            await page.goto(gateway.url)
            await expect.poll(() => textOf(page.locator("main")), settled).toContain("burr sign-in")
        },
        PAGE_MS,
    )
})
