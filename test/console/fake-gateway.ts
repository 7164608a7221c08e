// A gateway as the console sees it, without anything behind it: session, maps with ranges, track and
// the live feed, under the content security policy that the real one sends. Tests say what it tells.

import { createReadStream, readFileSync, statSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { type WebSocket, WebSocketServer } from "ws"
import type {
    LiveMessage,
    MapsView,
    SessionView,
    TargetView,
    TrackPoint,
    TrackView,
} from "../../protocol/live.js"
import { deg, metres, mps, type UnixMs, unixMs } from "../../protocol/units.js"

/** No exception for inline styles or scripts: the built console needs none. */
export const CONTENT_SECURITY_POLICY = [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "worker-src 'self'",
    "connect-src 'self'",
].join("; ")

const mapsFolder = fileURLToPath(new URL("../../console/maps/", import.meta.url))

const maps: MapsView["maps"] = [
    {
        id: "world",
        name: "World",
        url: "/maps/world-z6.pmtiles",
        attribution: "Natural Earth · GeoNames",
        bounds: [-180, -85.05, 180, 85.05],
        minZoom: 0,
        maxZoom: 6,
    },
    {
        id: "liechtenstein",
        name: "Liechtenstein",
        url: "/maps/liechtenstein-z14.pmtiles",
        attribution: "© OpenStreetMap contributors",
        bounds: [9.4708532, 47.0268855, 9.6467517, 47.2785556],
        minZoom: 6,
        maxZoom: 14,
    },
]

const types: Record<string, string> = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".pmtiles": "application/octet-stream",
}

/** A message before the gateway gives it its number and time. */
export type Unsent<Message = LiveMessage> = Message extends LiveMessage
    ? Omit<Message, "seq" | "atMs" | "run">
    : never

export class FakeGateway {
    session: SessionView | null = {
        user: { id: "u-1", name: "M. Okafor", role: "operator" },
        operations: [{ id: "brook", name: "Operation Brook" }],
    }
    snapshot: Omit<Extract<LiveMessage, { kind: "snapshot" }>, "kind" | "run" | "seq" | "atMs"> = {
        operation: { id: "brook", name: "Operation Brook" },
        targets: [],
        fences: [],
        alerts: [],
        gaps: [],
    }
    track: (targetId: string, fromMs: UnixMs, toMs: UnixMs) => TrackView = (targetId) => ({
        targetId,
        points: [],
        gaps: [],
        truncated: false,
    })
    url = ""
    private seq = 0
    private isSilent = false
    private heartbeat: ReturnType<typeof setInterval> | undefined
    private readonly sockets = new Set<WebSocket>()
    private readonly server = createServer((request, response) => this.answer(request, response))
    private readonly feed = new WebSocketServer({ noServer: true })
    private readonly pageFolder: string

    /** `pageFolder` holds the built console. */
    constructor(pageFolder: string) {
        this.pageFolder = pageFolder
    }

    async start(port = 0): Promise<void> {
        this.server.on("upgrade", (request, socket, head) => {
            this.feed.handleUpgrade(request, socket, head, (client) => this.welcome(client))
        })
        await new Promise<void>((done) => this.server.listen(port, "127.0.0.1", done))
        this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
        this.heartbeat = setInterval(() => this.beat(), 2_000)
    }

    async stop(): Promise<void> {
        clearInterval(this.heartbeat)
        for (const socket of this.sockets) socket.terminate()
        this.feed.close()
        this.server.closeAllConnections()
        await new Promise((done) => this.server.close(done))
    }

    /** Tells every console, unless the gateway has fallen silent. */
    tell(message: Unsent): void {
        this.seq += 1
        this.send({ ...message, seq: this.seq, atMs: unixMs(Date.now()) } as LiveMessage)
    }

    /** Sockets stay open and nothing is said, as when the process was stopped. */
    fallSilent(): void {
        this.isSilent = true
    }

    speakAgain(): void {
        this.isSilent = false
        this.beat()
    }

    private beat(): void {
        this.send({ kind: "heartbeat", seq: this.seq, atMs: unixMs(Date.now()) })
    }

    private send(message: LiveMessage): void {
        if (this.isSilent) return
        for (const socket of this.sockets) socket.send(JSON.stringify(message))
    }

    private welcome(client: WebSocket): void {
        this.sockets.add(client)
        client.on("close", () => this.sockets.delete(client))
        if (this.isSilent) return
        const hello = { kind: "snapshot", run: "r1", seq: this.seq, atMs: Date.now() }
        client.send(JSON.stringify({ ...hello, ...this.snapshot }))
    }

    private answer(request: IncomingMessage, response: ServerResponse): void {
        response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY)
        const url = new URL(request.url ?? "/", this.url)
        if (url.pathname === "/api/session" && request.method === "DELETE") {
            this.session = null
            response.writeHead(204).end()
        } else if (url.pathname === "/api/session") {
            if (this.session === null) refuse(response, 401, "Not signed in")
            else json(response, this.session)
        } else if (url.pathname === "/api/maps") {
            json(response, { maps } satisfies MapsView)
        } else if (/^\/api\/operations\/[^/]+\/targets\/[^/]+\/track$/.test(url.pathname)) {
            const fromMs = unixMs(Number(url.searchParams.get("fromMs")))
            const toMs = unixMs(Number(url.searchParams.get("toMs")))
            json(
                response,
                this.track(decodeURIComponent(url.pathname.split("/")[5]!), fromMs, toMs),
            )
        } else if (url.pathname.startsWith("/maps/")) {
            sendFile(request, response, join(mapsFolder, normalize(url.pathname.slice(6))))
        } else {
            const path = url.pathname === "/" ? "index.html" : normalize(url.pathname.slice(1))
            sendFile(request, response, join(this.pageFolder, path))
        }
    }
}

/** A target that reports, as each test needs it: only what matters is named. */
export function aTargetView(
    view: Partial<TargetView> & { id: string; last?: TrackPoint | null },
): TargetView {
    return {
        name: view.id,
        kind: "vehicle",
        last: null,
        receivedAtMs: view.last?.atMs ?? null,
        mandate: { reference: "RK-2026/17", toMs: unixMs(Date.now() + 14 * 86_400_000) },
        ...view,
    }
}

export function aTrackPoint(point: {
    atMs: number
    latDeg: number
    lonDeg: number
    speedMps?: number
    headingDeg?: number | null
    accuracyM?: number
}): TrackPoint {
    return {
        atMs: unixMs(point.atMs),
        latDeg: deg(point.latDeg),
        lonDeg: deg(point.lonDeg),
        speedMps: mps(point.speedMps ?? 0),
        headingDeg:
            point.headingDeg === undefined || point.headingDeg === null
                ? null
                : deg(point.headingDeg),
        accuracyM: metres(point.accuracyM ?? 8),
    }
}

function json(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, title: string): void {
    response
        .writeHead(status, { "content-type": "application/problem+json" })
        .end(JSON.stringify({ title, status, detail: title }))
}

function sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined) {
        refuse(response, 404, "Not found")
        return
    }
    response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream")
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")
    if (range === null) {
        response.writeHead(200, { "content-length": size }).end(readFileSync(path))
        return
    }
    const start = Number(range[1])
    const end = Math.min(size - 1, Number(range[2]))
    response.writeHead(206, {
        "content-range": `bytes ${start}-${end}/${size}`,
        "content-length": end - start + 1,
        "accept-ranges": "bytes",
    })
    createReadStream(path, { start, end }).pipe(response)
}
