// The gateway's HTTP door: the console's files, its maps, and the reads that it makes. Every answer
// that holds positions is decided by `authorise` and recorded before it is read.

import { createReadStream, existsSync, statSync } from "node:fs"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import cookie from "@fastify/cookie"
import helmet from "@fastify/helmet"
import fastifyStatic from "@fastify/static"
import swagger from "@fastify/swagger"
import Fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from "fastify"
import {
    hasZodFastifySchemaValidationErrors,
    jsonSchemaTransform,
    serializerCompiler,
    validatorCompiler,
    type ZodTypeProvider,
} from "fastify-type-provider-zod"
import { z } from "zod"
import type { SessionView, TargetsView, TrackView } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import { mayUse, type VisibleTarget, visibleTargets } from "../../core/domain/authorise.js"
import type { CaseFile, User } from "../../core/domain/case-file.js"
import { partUnder } from "../../core/domain/mandate.js"
import type { OrderDesk } from "../../core/downlink/order-desk.js"
import type { Clock, Consultation, ConsultationLog, Log, TrackReader } from "../../core/ports.js"
import { gapsOf, targetView } from "../../core/views.js"
import { orderRoutes } from "./order-routes.js"
import type { MapFile } from "./pmtiles-files.js"
import { PROBLEM_TYPE, Problem, problemBody } from "./problem.js"
import { described } from "./route-schema.js"

const COOKIE = "burr_session"
/** Points in one answer; an hour at one a second has 3,600. */
const TRACK_POINTS_MAX = 20_000
const BODY_BYTES_MAX = 64 * 1024
const REQUEST_WAIT_MS = 15_000
/** Browsers open six each; viewers' sockets count too. */
const CONNECTIONS_MAX = 2000
const YEAR_S = 365 * 86_400

export interface SignInPort {
    useLink(secret: string, nowMs: UnixMs): string | undefined
    userOf(secret: string, nowMs: UnixMs): string | undefined
    endSession(secret: string): void
}

export interface LiveDoor {
    accept(
        incoming: IncomingMessage,
        socket: Duplex,
        head: Buffer,
        request: {
            operationId: string
            since: string | null
            remote: string
            user: () => User | undefined
        },
    ): void
}

export interface HttpParts {
    clock: Clock
    caseFile: () => CaseFile
    source: TrackReader
    consultations: ConsultationLog
    signIn: SignInPort
    live: LiveDoor
    desk: OrderDesk
    maps: readonly MapFile[]
    /** Folder of the built console. */
    consoleFiles: string
    health: () => Record<string, string | number>
    log: Log
}

export interface HttpServer {
    port: number
    close(): Promise<void>
}

const AN_INSTANT = "expected milliseconds since 1970, a whole number"
const instant = z
    .string(AN_INSTANT)
    .regex(/^\d{1,15}$/, AN_INSTANT)
    .transform((text) => Number(text) as UnixMs)
const operationParams = z.object({ operationId: z.string().min(1).max(64) })
const targetParams = operationParams.extend({ targetId: z.string().min(1).max(64) })
const trackQuery = z.object({ fromMs: instant, toMs: instant })

/** Throws when the port cannot be had. */
export async function startHttp(parts: HttpParts, host: string, port: number): Promise<HttpServer> {
    const app = Fastify({
        bodyLimit: BODY_BYTES_MAX,
        requestTimeout: REQUEST_WAIT_MS,
        forceCloseConnections: true,
        // An address that cannot be read comes to no route.
        frameworkErrors: (error, request, reply) => {
            sendProblem(reply, problemOf(error, request, parts.log))
        },
    }).withTypeProvider<ZodTypeProvider>()
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)
    app.setErrorHandler((error: FastifyError, request, reply) =>
        sendProblem(reply, problemOf(error, request, parts.log)),
    )
    app.setNotFoundHandler((request, reply) =>
        sendProblem(reply, new Problem(404, "Not found", `nothing at ${request.url}`)),
    )
    await app.register(helmet, securityHeaders)
    await app.register(cookie)
    await app.register(swagger, {
        openapi: { openapi: "3.1.0", info: { title: "Burr gateway", version: "1" } },
        transform: jsonSchemaTransform,
    })

    app.addHook("onRequest", async (request, reply) => {
        if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store")
        // A page of another port is of the same site: the browser sends it the cookie along.
        if (request.method !== "GET" && !isSameOrigin(request.raw))
            throw new Problem(403, "Not allowed", "asked for by a page of another origin")
    })

    const signedIn = (request: FastifyRequest): User => {
        const user = userOf(parts, request.cookies[COOKIE])
        if (user) return user
        throw new Problem(401, "Not signed in", "open a one-time link: `burr sign-in` makes one")
    }
    const look = (
        request: FastifyRequest,
        what: Pick<Consultation, "action" | "operationId" | "fromMs" | "toMs"> & {
            targetId?: string
        },
    ): VisibleTarget[] => {
        const user = signedIn(request)
        const nowMs = parts.clock.nowMs()
        const visible = visibleTargets(parts.caseFile(), user, what.operationId, nowMs)
        const seen = visible.filter((one) => !what.targetId || one.target.id === what.targetId)
        if (seen.length === 0)
            throw new Problem(403, "Not allowed", "no running mandate lets you see this")
        const { action, operationId, fromMs, toMs } = what
        record(parts, {
            ...{ action, operationId, fromMs, toMs },
            atMs: nowMs,
            userId: user.id,
            mandates: seen.map(({ mandate }) => mandate.reference),
            object: seen.map(({ target }) => target.id).join(" "),
            remote: remoteOf(request.raw),
        })
        return seen
    }

    app.get(
        "/health",
        { schema: described("Counts, for whoever watches over the gateway") },
        async () => parts.health(),
    )
    app.get("/api/openapi.json", { schema: described("This description") }, async () =>
        app.swagger(),
    )
    app.get(
        "/sign-in/:secret",
        {
            schema: {
                ...described("Use a one-time link"),
                params: z.object({ secret: z.string().max(128) }),
            },
        },
        async (request, reply) => {
            const session = parts.signIn.useLink(request.params.secret, parts.clock.nowMs())
            if (!session)
                throw new Problem(
                    410,
                    "Link used up",
                    "a sign-in link works once and for an hour: `burr sign-in` makes a new one",
                )
            return reply
                .setCookie(COOKIE, session, { httpOnly: true, sameSite: "lax", path: "/" })
                .redirect("/", 303)
        },
    )
    app.get("/api/session", { schema: described("Who is signed in") }, async (request) =>
        sessionView(parts.caseFile(), signedIn(request)),
    )
    app.delete("/api/session", { schema: described("Sign out") }, async (request, reply) => {
        const secret = request.cookies[COOKIE]
        if (secret) parts.signIn.endSession(secret)
        return reply.clearCookie(COOKIE, { path: "/" }).code(204).send()
    })
    app.get(
        "/api/operations/:operationId/targets",
        { schema: { ...described("Targets and where they are"), params: operationParams } },
        async (request): Promise<TargetsView> => {
            const { operationId } = request.params
            const atMs = parts.clock.nowMs()
            const seen = look(request, { action: "targets", operationId, fromMs: atMs, toMs: atMs })
            const caseFile = parts.caseFile()
            return {
                atMs,
                targets: seen.map((one) => targetView(caseFile, parts.source, one, atMs)),
            }
        },
    )
    app.get(
        "/api/operations/:operationId/targets/:targetId/track",
        {
            schema: {
                ...described("Stored track of a target, oldest first"),
                params: targetParams,
                querystring: trackQuery,
            },
        },
        async (request): Promise<TrackView> => {
            const { operationId, targetId } = request.params
            const { fromMs, toMs } = request.query
            if (fromMs > toMs)
                throw new Problem(400, "Bad request", `fromMs ${fromMs} is after toMs ${toMs}`)
            const [seen] = look(request, { action: "track", operationId, targetId, fromMs, toMs })
            const asked = { fromMs, toMs }
            const span = partUnder(seen!.mandate, asked)
            const points = parts.source.track(targetId, span, TRACK_POINTS_MAX + 1)
            return {
                targetId,
                points: points.slice(-TRACK_POINTS_MAX),
                gaps: gapsOf(parts.caseFile(), parts.source, seen!, asked),
                truncated: points.length > TRACK_POINTS_MAX,
            }
        },
    )
    await app.register(
        orderRoutes({
            desk: parts.desk,
            signedIn,
            noteFor: (request, user) => (entry) =>
                record(parts, {
                    ...entry,
                    ...{ atMs: parts.clock.nowMs(), userId: user.id },
                    ...{ fromMs: null, toMs: null, remote: remoteOf(request.raw) },
                }),
        }),
    )
    app.get("/api/maps", { schema: described("Offline basemaps") }, async (request) => {
        signedIn(request)
        return { maps: parts.maps.map(({ view }) => view) }
    })
    app.get(
        "/maps/:file",
        { schema: described("A map, or a range of it") },
        async (request, reply) => {
            signedIn(request)
            const map = parts.maps.find(({ view }) => view.url === request.url)
            if (!map) throw new Problem(404, "Not found", `no map at ${request.url}`)
            return sendRange(request, reply, map.path)
        },
    )
    if (existsSync(parts.consoleFiles))
        await app.register(fastifyStatic, {
            root: parts.consoleFiles,
            setHeaders: (response, path) => {
                const isHashed = path.includes("/assets/")
                response.setHeader(
                    "cache-control",
                    isHashed ? `public, max-age=${YEAR_S}, immutable` : "no-cache",
                )
            },
        })
    else parts.log("warn", "console is not built: run `npm run build`")

    app.server.maxConnections = CONNECTIONS_MAX
    app.server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
        // Node has let go of the socket: without a listener its first error would end the process.
        socket.on("error", () => socket.destroy())
        const asked = liveRequest(incoming)
        if (!asked || !isSameOrigin(incoming)) {
            socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n", () =>
                socket.destroy(),
            )
            return
        }
        const secret = app.parseCookie(incoming.headers.cookie ?? "")[COOKIE]
        parts.live.accept(incoming, socket, head, {
            ...asked,
            remote: remoteOf(incoming),
            user: () => userOf(parts, secret),
        })
    })
    try {
        await app.listen({ host, port })
    } catch (error) {
        await app.close()
        throw error
    }
    // A lack of file handles, say: those who are connected stay so.
    app.server.on("error", (error) => parts.log("error", `console port: ${error.message}`))
    const address = app.server.address()
    return {
        port: typeof address === "object" && address ? address.port : port,
        close: () => app.close(),
    }
}

function userOf({ signIn, caseFile, clock }: HttpParts, secret: string | undefined) {
    const id = secret && signIn.userOf(secret, clock.nowMs())
    return id ? caseFile().users.find((user) => user.id === id) : undefined
}

function sessionView(caseFile: CaseFile, user: User): SessionView {
    const { id, name, role } = user
    const operations = caseFile.operations.filter((one) =>
        mayUse(caseFile, user, "name-operation", one.id),
    )
    return {
        user: { id, name, role },
        operations: operations.map(({ id, name }) => ({ id, name })),
    }
}

function record({ consultations, log }: HttpParts, consultation: Consultation): void {
    try {
        consultations.record(consultation)
    } catch (error) {
        log("error", `read refused: ${(error as Error).message}`)
        throw new Problem(503, "Not recorded", "the consultation log cannot be written")
    }
}

/** A whole file or one range of it, as PMTiles clients ask; other forms of a range get the whole. */
function sendRange(request: FastifyRequest, reply: FastifyReply, path: string) {
    const size = statSync(path).size
    const asked = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(request.headers.range ?? "")
    const start = Number(asked?.[1] ?? 0)
    const end = Math.min(asked?.[2] ? Number(asked[2]) : size - 1, size - 1)
    if (start > end) {
        reply.header("content-range", `bytes */${size}`)
        throw new Problem(416, "Range not satisfiable", `${asked![0]} of a file of ${size} bytes`)
    }
    reply.header("accept-ranges", "bytes").type("application/octet-stream")
    reply.header("cache-control", `private, max-age=${YEAR_S}, immutable`)
    if (!asked) return reply.header("content-length", size).send(createReadStream(path))
    return reply
        .code(206)
        .header("content-range", `bytes ${start}-${end}/${size}`)
        .header("content-length", end - start + 1)
        .send(createReadStream(path, { start, end }))
}

/** What feed an upgrade asks for, or undefined. Its address is what somebody out there wrote. */
function liveRequest({ url = "" }: IncomingMessage) {
    const [path = "", query] = url.split("?", 2)
    const name = /^\/api\/operations\/([^/]{1,64})\/live$/.exec(path)?.[1]
    if (!name) return undefined
    try {
        const operationId = decodeURIComponent(name)
        return { operationId, since: new URLSearchParams(query).get("since") }
    } catch {
        return undefined
    }
}

/** A page of another origin must not open a feed with the viewer's cookie. */
function isSameOrigin(incoming: IncomingMessage): boolean {
    const { origin, host } = incoming.headers
    return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

function remoteOf({ socket }: IncomingMessage): string {
    return `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`
}

function problemOf(error: FastifyError, request: FastifyRequest, log: Log): Problem {
    if (error instanceof Problem) return error
    if (hasZodFastifySchemaValidationErrors(error)) {
        const context = (error as FastifyError).validationContext ?? "querystring"
        const { params, body, query } = request
        const given = new Map(Object.entries({ params, body, querystring: query })).get(context)
        const detail = error.validation.map(({ instancePath, message }) => {
            const name = instancePath.replace(/^\//, "")
            const field = new Map(Object.entries(given ?? {})).get(name)
            const value = JSON.stringify(name ? field : given) ?? "nothing"
            return `${name || context}: given ${value}, ${message}`
        })
        return new Problem(400, "Bad request", detail.join("; "))
    }
    const status = error.statusCode ?? 500
    if (status < 500) return new Problem(status, "Bad request", error.message)
    log("error", `request failed: ${error.message}`)
    return new Problem(500, "Internal error", "the gateway could not answer; its log says why")
}

function sendProblem(reply: FastifyReply, problem: Problem) {
    reply.header("cache-control", "no-store")
    return reply.code(problem.status).type(PROBLEM_TYPE).send(problemBody(problem))
}

const securityHeaders = {
    contentSecurityPolicy: {
        useDefaults: false,
        directives: {
            defaultSrc: ["'self'"],
            imgSrc: ["'self'", "data:"],
            frameAncestors: ["'none'"],
            baseUri: ["'none'"],
            formAction: ["'self'"],
        },
    },
    // Plain HTTP on loopback is the default; a proxy with TLS sets its own.
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" as const },
}
