// The live feed out to consoles: a WebSocket for each viewer, one feed for each operation. Whoever
// opens one leaves an entry in the consultation log before the first message and one at the end.

import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import type { LiveMessage } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import {
    mayUse,
    targetsUnderMandate,
    type VisibleTarget,
    visibleTargets,
} from "../../core/domain/authorise.js"
import type { CaseFile, User } from "../../core/domain/case-file.js"
import { LiveFeed, type Numbered } from "../../core/live-feed.js"
import type { Clock, ConsultationLog, DerivedStep, Log, TrackReader } from "../../core/ports.js"
import { alertView, devicesOn, gapView, targetView } from "../../core/views.js"

const COALESCE_MS = 250
const HEARTBEAT_MS = 5000
/** A viewer that reads no more than this behind is dropped; it comes back and resumes. */
const BUFFERED_BYTES_MAX = 1024 * 1024
const VIEWERS_MAX = 200
/** Consoles only listen. */
const INCOMING_BYTES_MAX = 1024
const SNAPSHOT_ALERTS = 200
const SNAPSHOT_GAPS_MS = 24 * 3600_000

type CloseReason = readonly [code: number, reason: string]
const CLOSED = {
    signedOut: [4401, "not signed in"],
    notAllowed: [4403, "not a member with a role that sees positions"],
    full: [4408, `at most ${VIEWERS_MAX} viewers at once`],
    notRecorded: [4503, "the consultation log cannot be written"],
} as const satisfies Record<string, CloseReason>

export interface LiveHubParts {
    /** Names this life of the gateway. */
    run: string
    clock: Clock
    caseFile: () => CaseFile
    source: TrackReader
    consultations: ConsultationLog
    log: Log
}

export interface ViewerRequest {
    operationId: string
    /** `<run>:<seq>` of the last message that the console has, or null. */
    since: string | null
    remote: string
    /** Who is signed in on this connection now; undefined once the session has ended. */
    user: () => User | undefined
}

interface Viewer extends ViewerRequest {
    socket: WebSocket
    entry: number
}

interface Channel {
    feed: LiveFeed
    viewers: Set<Viewer>
    /** Targets with news since the last tick. */
    changed: Set<string>
    /** Targets under a running mandate at the last tick. */
    visible: Set<string>
}

export class LiveHub {
    private readonly sockets = new WebSocketServer({
        noServer: true,
        maxPayload: INCOMING_BYTES_MAX,
        perMessageDeflate: { threshold: 1024 },
    })
    private readonly channels = new Map<string, Channel>()
    private readonly timers: NodeJS.Timeout[]
    private viewers = 0

    constructor(private readonly parts: LiveHubParts) {
        this.timers = [
            setInterval(() => this.tick(), COALESCE_MS),
            setInterval(() => this.heartbeat(), HEARTBEAT_MS),
        ]
    }

    /** Takes over an upgrade request whose sender is signed in. */
    accept(incoming: IncomingMessage, socket: Duplex, head: Buffer, request: ViewerRequest): void {
        this.sockets.handleUpgrade(incoming, socket, head, (opened) => this.open(opened, request))
    }

    /** News from the pipeline. Alerts and gaps go out at once, positions with the next tick. */
    derived(steps: readonly DerivedStep[]): void {
        const caseFile = this.parts.caseFile()
        const atMs = this.parts.clock.nowMs()
        for (const { uplink, derived } of steps) {
            for (const target of caseFile.targets) {
                const isHeard = devicesOn(caseFile, target.id).includes(uplink.deviceId)
                if (!isHeard) continue
                this.channel(target.operationId).changed.add(target.id)
                for (const gap of derived.gaps)
                    this.publish(target.operationId, {
                        kind: "gap",
                        atMs,
                        gap: gapView(target.id, gap),
                    })
            }
            for (const event of derived.events) {
                const id = `${event.targetId}:${event.fenceId}:${event.kind}:${event.atMs}`
                const alert = alertView(caseFile, { ...event, id, state: "raised" })
                this.publish(event.operationId, { kind: "event", atMs, alert })
            }
        }
    }

    connections(): number {
        return this.viewers
    }

    close(): void {
        for (const timer of this.timers) clearInterval(timer)
        for (const { viewers } of this.channels.values())
            for (const { socket } of viewers) socket.terminate()
        this.sockets.close()
    }

    private open(socket: WebSocket, request: ViewerRequest): void {
        const { operationId } = request
        const user = request.user()
        const refusal = this.refusalOf(user, operationId)
        if (!user || refusal) {
            socket.close(...(refusal ?? CLOSED.signedOut))
            return
        }
        const visible = this.visibleTo(user, operationId)
        const entry = this.recordOpening(user, request, visible)
        if (entry === undefined) {
            socket.close(...CLOSED.notRecorded)
            return
        }
        const viewer: Viewer = { ...request, socket, entry }
        const channel = this.channel(operationId)
        this.viewers++
        channel.viewers.add(viewer)
        socket.on("close", () => this.closed(channel, viewer, user))
        socket.on("error", () => socket.terminate())
        socket.on("message", (_: RawData) => socket.terminate())
        const missed = this.missedSince(channel, request.since, visible)
        if (missed) for (const message of missed) this.send(viewer, message)
        else this.send(viewer, this.snapshot(operationId, visible))
    }

    /** Why a connection is not to be had, as close code and reason. */
    private refusalOf(user: User | undefined, operationId: string): CloseReason | undefined {
        if (!user) return CLOSED.signedOut
        const isMember = mayUse(this.parts.caseFile(), user, "see-positions", operationId)
        if (!isMember) return CLOSED.notAllowed
        return this.viewers >= VIEWERS_MAX ? CLOSED.full : undefined
    }

    private closed(channel: Channel, viewer: Viewer, user: User): void {
        if (!channel.viewers.delete(viewer)) return
        this.viewers--
        try {
            this.parts.consultations.record({
                atMs: this.parts.clock.nowMs(),
                userId: user.id,
                action: "live-close",
                operationId: viewer.operationId,
                mandates: [],
                object: `entry ${viewer.entry}`,
                fromMs: null,
                toMs: null,
                remote: viewer.remote,
            })
        } catch (error) {
            this.parts.log("error", `live feed closed, not logged: ${(error as Error).message}`)
        }
    }

    private recordOpening(
        user: User,
        request: ViewerRequest,
        visible: VisibleTarget[],
    ): number | undefined {
        const atMs = this.parts.clock.nowMs()
        try {
            return this.parts.consultations.record({
                atMs,
                userId: user.id,
                action: "live-open",
                operationId: request.operationId,
                mandates: visible.map(({ mandate }) => mandate.reference),
                object: visible.map(({ target }) => target.id).join(" "),
                fromMs: atMs,
                toMs: null,
                remote: request.remote,
            })
        } catch (error) {
            this.parts.log("error", `live feed refused: ${(error as Error).message}`)
            return undefined
        }
    }

    private tick(): void {
        const caseFile = this.parts.caseFile()
        const atMs = this.parts.clock.nowMs()
        for (const [operationId, channel] of this.channels) {
            const before = channel.visible
            const visible = this.runningTargets(operationId)
            channel.visible = new Set(visible.map(({ target }) => target.id))
            for (const targetId of before)
                if (!channel.visible.has(targetId))
                    this.publish(operationId, {
                        kind: "withdrawn",
                        atMs,
                        targetId,
                        reason: "its mandate has ended",
                    })
            const news = visible.filter(
                ({ target }) => channel.changed.has(target.id) || !before.has(target.id),
            )
            channel.changed.clear()
            if (news.length === 0) continue
            const targets = news.map((one) => targetView(caseFile, this.parts.source, one))
            this.publish(operationId, { kind: "delta", atMs, targets })
        }
    }

    private heartbeat(): void {
        const atMs = this.parts.clock.nowMs()
        for (const { feed, viewers } of this.channels.values())
            for (const viewer of viewers) {
                if (viewer.user()) this.send(viewer, { kind: "heartbeat", seq: feed.seq, atMs })
                else viewer.socket.close(...CLOSED.signedOut)
            }
    }

    private publish(operationId: string, change: Parameters<LiveFeed["add"]>[0]): void {
        const channel = this.channel(operationId)
        const message = channel.feed.add(change)
        const ids = new Set(this.runningTargets(operationId).map(({ target }) => target.id))
        const seen = onlyVisible(message, ids)
        const text = JSON.stringify(seen)
        const caseFile = this.parts.caseFile()
        for (const viewer of channel.viewers) {
            const user = viewer.user()
            if (!user) viewer.socket.close(...CLOSED.signedOut)
            else if (!mayUse(caseFile, user, "see-positions", operationId))
                viewer.socket.close(...CLOSED.notAllowed)
            else this.sendText(viewer, text)
        }
    }

    private snapshot(operationId: string, visible: VisibleTarget[]): LiveMessage {
        const { clock, run, source } = this.parts
        const caseFile = this.parts.caseFile()
        const atMs = clock.nowMs()
        const operation = caseFile.operations.find(({ id }) => id === operationId)
        const ids = new Set(visible.map(({ target }) => target.id))
        const span = { fromMs: (atMs - SNAPSHOT_GAPS_MS) as UnixMs, toMs: atMs }
        return {
            kind: "snapshot",
            run,
            seq: this.channel(operationId).feed.seq,
            atMs,
            operation: { id: operationId, name: operation?.name ?? operationId },
            targets: visible.map((one) => targetView(caseFile, source, one)),
            fences: caseFile.fences
                .filter((fence) => fence.operationId === operationId)
                .map(({ id, name, shape }) => ({ id, name, shape })),
            alerts: source
                .alerts(operationId, SNAPSHOT_ALERTS)
                .filter((alert) => ids.has(alert.targetId))
                .map((alert) => alertView(caseFile, alert)),
            gaps: [...ids].flatMap((targetId) =>
                devicesOn(caseFile, targetId).flatMap((deviceId) =>
                    source.gaps(deviceId, span).map((gap) => gapView(targetId, gap)),
                ),
            ),
        }
    }
    /** A `resume` and what came after the last message that the console has, if it is all held. */
    private missedSince(
        { feed }: Channel,
        since: string | null,
        visible: VisibleTarget[],
    ): LiveMessage[] | undefined {
        const [run, text] = since?.split(":") ?? []
        if (run !== this.parts.run || !/^\d{1,15}$/.test(text ?? "")) return undefined
        const seq = Number(text)
        const ids = new Set(visible.map(({ target }) => target.id))
        const missed = feed.since(seq)?.map((message) => onlyVisible(message, ids))
        return missed && [{ kind: "resume", run, seq, atMs: this.parts.clock.nowMs() }, ...missed]
    }

    private visibleTo(user: User, operationId: string): VisibleTarget[] {
        const nowMs = this.parts.clock.nowMs()
        return visibleTargets(this.parts.caseFile(), user, operationId, nowMs)
    }
    private runningTargets(operationId: string): VisibleTarget[] {
        const { caseFile, clock } = this.parts
        return targetsUnderMandate(caseFile(), operationId, clock.nowMs())
    }
    private channel(operationId: string): Channel {
        let channel = this.channels.get(operationId)
        if (!channel) {
            const visible = this.runningTargets(operationId).map(({ target }) => target.id)
            channel = {
                feed: new LiveFeed(),
                viewers: new Set(),
                changed: new Set(),
                visible: new Set(visible),
            }
            this.channels.set(operationId, channel)
        }
        return channel
    }

    private send(viewer: Viewer, message: LiveMessage): void {
        this.sendText(viewer, JSON.stringify(message))
    }
    private sendText({ socket }: Viewer, text: string): void {
        if (socket.bufferedAmount > BUFFERED_BYTES_MAX) socket.terminate()
        else socket.send(text)
    }
}

/**
 * A message without what its viewers may not see now. Its number stays, so that the sequence has no
 * holes; what is left of a hidden alert or gap is an empty delta.
 */
function onlyVisible(message: Numbered, targetIds: ReadonlySet<string>): Numbered {
    const { seq, atMs } = message
    if (message.kind === "delta")
        return { ...message, targets: message.targets.filter(({ id }) => targetIds.has(id)) }
    if (message.kind === "withdrawn") return message
    const targetId = message.kind === "event" ? message.alert.targetId : message.gap.targetId
    return targetIds.has(targetId) ? message : { kind: "delta", seq, atMs, targets: [] }
}
