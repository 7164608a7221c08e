// `burr start` in a real browser: what somebody sees who runs the README's first command.

import type { Page } from "playwright-core"
import { describe, expect, it, onTestFinished } from "vitest"
import type { TrackView } from "../../protocol/live.js"
import { openBrowser } from "../support/browser.js"
import { BurrStart } from "../support/burr-start.js"
import { tempFolder } from "../support/temp-folder.js"

/** The layout of the demo promises a crossing in any three minutes. */
const ALERT_WAIT_MS = 240_000
const PILL_WAIT_MS = 20_000
const VADUZ = { center: [9.5215, 47.1397], zoom: 13.2 }

describe("burr start", () => {
    it("shows twelve trackers on the map, an alert by itself, and when it cannot be heard", async () => {
        const data = tempFolder()
        const burr = new BurrStart(data)
        onTestFinished(async () => {
            await burr.interrupt()
        })
        const link = await burr.run()
        const browser = await openBrowser()
        const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
        const origins = new Set<string>()
        page.on("request", (request) => origins.add(new URL(request.url()).origin))
        await page.goto(link)

        await until(page, 'document.querySelectorAll("[data-target]").length === 12')
        await until(page, "[...window.burr.state().targets.values()].every(target => target.last)")
        await page.evaluate(`window.burr.map.jumpTo(${JSON.stringify(VADUZ)})`)
        await until(page, "window.burr.map.areTilesLoaded()")
        expect(await page.evaluate(ROAD_FEATURES)).toBeGreaterThanOrEqual(50)
        await page.evaluate("window.burr.map.jumpTo({ center: [9.53, 47.15], zoom: 10.5 })")
        await expectMarkersInPlace(page)

        await until(page, 'document.querySelector("[data-alert]")', ALERT_WAIT_MS)
        await until(page, `${PILL} === "live"`)
        burr.signal("SIGSTOP")
        await until(page, `${PILL} !== "live"`, PILL_WAIT_MS)
        burr.signal("SIGCONT")
        await until(page, `${PILL} === "live"`, 60_000)
        expect([...origins]).toEqual([new URL(link).origin])

        const alerts = await alertIds(page)
        expect(await burr.interrupt()).toBe(0)
        await until(page, `${PILL} !== "live"`, PILL_WAIT_MS)

        const again = await burr.run()
        await page.goto(again)
        await until(page, 'document.querySelector("[data-alert]")')
        expect(await alertIds(page)).toEqual(expect.arrayContaining(alerts))
    }, 480_000)
})

const PILL = 'document.querySelector("[role=status]").dataset.state'

const ROAD_FEATURES = `(() => {
    const { map } = window.burr
    const roads = map.getStyle().layers.filter(layer => layer["source-layer"] === "roads")
    return map.queryRenderedFeatures({ layers: roads.map(({ id }) => id) }).length
})()`

/** What is drawn and what the page believes, read at one instant. */
const MARKERS = `(() => {
    const { map, state } = window.burr
    return map.queryRenderedFeatures({ layers: ["targets"] }).map(feature => {
        const id = feature.properties.id
        const { x, y } = map.project(feature.geometry.coordinates)
        return { id, x, y, last: state().targets.get(id).last }
    })
})()`

interface Marker {
    id: string
    x: number
    y: number
    last: { atMs: number }
}

/** Each marker is drawn within 3 px of the position that the store holds for its time. */
async function expectMarkersInPlace(page: Page): Promise<void> {
    await until(page, "window.burr.map.areTilesLoaded() && !window.burr.map.isMoving()")
    let markers: Marker[] = []
    for (let i = 0; i < 50 && markers.length < 12; i++) {
        markers = (await page.evaluate(MARKERS)) as Marker[]
        await page.waitForTimeout(100)
    }
    expect(new Set(markers.map(({ id }) => id)).size).toBe(12)
    for (const { id, x, y, last } of markers) {
        const track = (await page.evaluate(`(async () => {
            const path = "/api/operations/demo/targets/${id}/track"
            const answer = await fetch(path + "?fromMs=${last.atMs - 5000}&toMs=${last.atMs + 5000}")
            return await answer.json()
        })()`)) as TrackView
        const drawn = await Promise.all(
            track.points.map(async ({ lonDeg, latDeg }) => {
                const at = (await page.evaluate(
                    `(({ x, y }) => [x, y])(window.burr.map.project([${lonDeg}, ${latDeg}]))`,
                )) as [number, number]
                return Math.hypot(at[0] - x, at[1] - y)
            }),
        )
        expect(Math.min(...drawn)).toBeLessThanOrEqual(3)
    }
}

async function alertIds(page: Page): Promise<string[]> {
    const ids = "[...document.querySelectorAll('[data-alert]')].map(row => row.dataset.alert)"
    return (await page.evaluate(ids)) as string[]
}

/** Polls: the page's content policy refuses Playwright's own waiting by expression. */
async function until(page: Page, expression: string, waitMs = 30_000): Promise<void> {
    const endsAt = Date.now() + waitMs
    for (;;) {
        let last = "it is not so"
        const isSo = await page.evaluate(`Boolean(${expression})`).catch((error: Error) => {
            last = error.message
        })
        if (isSo) return
        if (Date.now() > endsAt) throw new Error(`${expression}: after ${waitMs} ms, ${last}`)
        await page.waitForTimeout(100)
    }
}
