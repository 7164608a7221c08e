// The HTTP door: maps in ranges, problems that name the field, headers that keep answers private.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { gatewayConfig } from "../../gateway/config.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import type { MapsView } from "../../protocol/live.js"
import { aCase, OPERATION_ID, TARGET_ID } from "../support/case.js"
import { makeTempFolder, writeFiles } from "../support/temp-folder.js"
import { signIn } from "../support/viewer.js"

const MAP_BYTES = 1000
const TRACK = `/api/operations/${OPERATION_ID}/targets/${TARGET_ID}/track`

let gateway: Gateway
let cookie: string
const told: string[] = []
beforeAll(async () => {
    const { path, remove } = makeTempFolder()
    writeFiles(join(path, "maps"), {
        "harbour-z14.pmtiles": aMap().toString("latin1"),
        "notes.pmtiles": "not a map",
        "notes.txt": "nor this",
    })
    const config = gatewayConfig({ data: path, port: 0, mqttPort: 0 })
    gateway = await startGateway(config, (_level, text) => told.push(text))
    gateway.registry.add(aCase())
    cookie = await signIn(gateway)
    return async () => {
        await gateway.close()
        remove()
    }
})

/** A PMTiles header that a map list needs, in ASCII so that it passes through text: zooms 0, 14. */
function aMap(): Buffer {
    const map = Buffer.alloc(MAP_BYTES, 0x41)
    map.write("PMTiles")
    map[7] = 3
    map[100] = 0
    map[101] = 14
    for (const [i, e7] of [0, 0x01010101, 0x10101010, 0x20202020].entries())
        map.writeInt32LE(e7, 102 + 4 * i)
    return map
}
function get(path: string, headers: Record<string, string> = { cookie }): Promise<Response> {
    return fetch(gateway.url + path, { headers })
}

describe("a map", () => {
    const asked = (range?: string) =>
        mapUrl().then((url) => get(url, { cookie, ...(range ? { range } : {}) }))
    async function mapUrl(): Promise<string> {
        const { maps } = (await (await get("/api/maps")).json()) as MapsView
        return maps.find(({ id }) => id === "harbour-z14")!.url
    }

    it("is listed with what its header says, the unreadable left out aloud", async () => {
        const { maps } = (await (await get("/api/maps")).json()) as MapsView
        expect(maps.find(({ id }) => id === "harbour-z14")).toMatchObject({
            ...{ name: "harbour", minZoom: 0, maxZoom: 14 },
            bounds: [0, 1.6843009, 26.9488144, 53.8976288],
        })
        expect(maps.map(({ minZoom }) => minZoom)).toEqual(
            maps.map(({ minZoom }) => minZoom).sort((a, b) => a - b),
        )
        expect(told.filter((text) => text.includes("notes.pmtiles"))).toEqual([
            expect.stringMatching(/is left out: not a PMTiles archive of version 3$/),
        ])
    })

    it.each([
        ["bytes=0-126", 0, 126],
        ["bytes=500-", 500, 999],
        ["bytes=990-5000", 990, 999],
        ["bytes=999-999", 999, 999],
    ])("gives the range %s", async (range, first, last) => {
        const answer = await asked(range)
        expect(answer.status).toBe(206)
        expect(answer.headers.get("content-range")).toBe(`bytes ${first}-${last}/${MAP_BYTES}`)
        const bytes = Buffer.from(await answer.arrayBuffer())
        expect(bytes.equals(aMap().subarray(first, last + 1))).toBe(true)
    })

    it.each(["bytes=1000-", "bytes=1000-1001", "bytes=5-4"])("has no range %s", async (range) => {
        const answer = await asked(range)
        expect(answer.status).toBe(416)
        expect(answer.headers.get("content-range")).toBe(`bytes */${MAP_BYTES}`)
        expect(answer.headers.get("cache-control")).toBe("no-store")
        expect(await answer.json()).toMatchObject({ detail: `${range} of a file of 1000 bytes` })
    })

    it.each([undefined, "bytes=-10", "bytes=0-1,5-6", "lines=1-2", "bytes=x"])(
        "comes whole when asked for %s",
        async (range) => {
            const answer = await asked(range)
            expect(answer.status).toBe(200)
            expect(answer.headers.get("cache-control")).toContain("immutable")
            expect(answer.headers.get("accept-ranges")).toBe("bytes")
            expect(Buffer.from(await answer.arrayBuffer()).equals(aMap())).toBe(true)
        },
    )

    it("is found under no other name", async () => {
        const names = ["none.pmtiles", "notes.txt", "..%2fburr.json", "..%2fvault.key", "%00"]
        for (const name of names) expect((await get(`/maps/${name}`)).status).toBe(404)
    })
})

describe("a request that cannot be answered gets a problem", () => {
    const bad: [string, number, RegExp][] = [
        [`${TRACK}?toMs=1`, 400, /^fromMs: given nothing, expected milliseconds since 1970/],
        [`${TRACK}?fromMs=1`, 400, /^toMs: given nothing, expected milliseconds/],
        [`${TRACK}?fromMs=yesterday&toMs=1`, 400, /^fromMs: given "yesterday", expected mill/],
        [`${TRACK}?fromMs=0.5&toMs=-1`, 400, /^fromMs: given "0\.5", .*; toMs: given "-1", /],
        [`${TRACK}?fromMs=&toMs=1`, 400, /^fromMs: given "", expected milliseconds/],
        [`${TRACK}?fromMs=1&fromMs=2&toMs=1`, 400, /^fromMs: given \["1","2"\], expected/],
        [`${TRACK}?fromMs=1e3&toMs=1`, 400, /^fromMs: given "1e3", expected milliseconds/],
        [`${TRACK}?fromMs=2&toMs=1`, 400, /fromMs 2 is after toMs 1/],
        [`/api/operations/${"x".repeat(65)}/targets`, 400, /^operationId: given "x{65}", .*<=64/],
        ["/api/nothing", 404, /nothing at \/api\/nothing/],
        ["/api/operations/%zz/targets", 400, /not a valid url/],
        [`/sign-in/${"x".repeat(129)}`, 404, /nothing at/],
    ]
    it.each(bad)("%s", async (path, status, detail) => {
        const answer = await get(path)
        expect(answer.status).toBe(status)
        expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/)
        const problem = (await answer.json()) as Record<string, unknown>
        expect(problem).toMatchObject({ type: "about:blank", status })
        expect(problem.detail).toMatch(detail)
    })

    it("when its body is larger than anybody needs", async () => {
        const answer = await fetch(`${gateway.url}/api/session`, {
            ...{ method: "DELETE", headers: { cookie, "content-type": "application/json" } },
            body: JSON.stringify("x".repeat(70_000)),
        })
        expect(answer.status).toBe(413)
        expect((await get("/api/session")).status).toBe(200)
    })
})

describe("every answer", () => {
    it.each(["/", "/api/session", "/api/nothing", "/health", `${TRACK}?fromMs=0&toMs=1`])(
        "of %s forbids framing, sniffing and foreign scripts",
        async (path) => {
            const { headers } = await get(path)
            const policy = headers.get("content-security-policy") ?? ""
            expect(policy).toContain("default-src 'self'")
            expect(policy).toContain("frame-ancestors 'none'")
            expect(policy).not.toMatch(/https?:/)
            expect(headers.get("x-content-type-options")).toBe("nosniff")
            expect(headers.get("referrer-policy")).toBe("no-referrer")
            expect(headers.get("x-powered-by")).toBeNull()
        },
    )

    it("of the API stays in no cache, errors included", async () => {
        const paths = ["session", "maps", "nothing", "openapi.json", "%zz"]
        for (const path of [...paths.map((one) => `/api/${one}`), `${TRACK}?fromMs=0&toMs=1`])
            expect((await get(path)).headers.get("cache-control")).toBe("no-store")
        const refused = await get("/api/session", {})
        expect([refused.status, refused.headers.get("cache-control")]).toEqual([401, "no-store"])
    })
})

it("health is counts and names no device, file or person", async () => {
    const answer = await get("/health", {})
    expect(await answer.json()).toEqual({
        status: "ok",
        ...{ uptimeS: expect.any(Number), devicesConnected: 0, viewers: 0 },
        ...{ uplinks: 0, uplinksNotDerived: 0, fixes: 0, alerts: 0, withheld: 0, rejected: 0 },
        refused: 0,
        ...{ alarmsNonceReuse: 0, alarmsCloneSuspected: 0, alarmsBadTag: 0 },
    })
})

it("the description is OpenAPI 3.1 with every parameter of every path", async () => {
    const document = (await (await get("/api/openapi.json")).json()) as OpenApi
    expect(document.openapi).toBe("3.1.0")
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    for (const [path, methods] of Object.entries(document.paths)) {
        expect(path).toMatch(/^\//)
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        for (const [method, operation] of Object.entries(methods)) {
            const described = (operation.parameters ?? []).filter((one) => one.in === "path")
            expect([method, path, described.map(({ name }) => name)]).toEqual([
                method,
                path,
                inPath,
            ])
            expect(described.every(({ required }) => required)).toBe(true)
            expect(operation.summary).toMatch(/./)
            expect(Object.keys(operation.responses)).toContain("default")
        }
    }
    const references = JSON.stringify(document).match(/"\$ref":"[^"]*"/g) ?? []
    expect(references).toEqual([])
})

interface OpenApi {
    openapi: string
    info: unknown
    paths: Record<string, Record<string, OpenApiOperation>>
}
interface OpenApiOperation {
    summary: string
    parameters?: { in: string; name: string; required: boolean }[]
    responses: object
}

it("nothing of this went into the log", () => {
    expect(told.filter((text) => !text.includes("notes.pmtiles"))).toEqual([])
})
