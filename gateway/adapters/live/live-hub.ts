// The live feed out to consoles: a WebSocket for each viewer, one feed for each operation. Whoever
// opens one leaves an entry in the consultation log before the first message and one at the end.

import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws"
import type { LiveMessage } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import {
    mayUse,
    targetsUnderMandate,
    type VisibleTarget,
    visibleTargets,
} from "../../core/domain/authorise.js"
import type { CaseFile, User } from "../../core/domain/case-file.js"
import { runsAt } from "../../core/domain/mandate.js"
import { type LiveChange, LiveFeed, type Numbered } from "../../core/live-feed.js"
import type {
    Clock,
    Consultation,
    ConsultationLog,
    DerivedStep,
    Log,
    TrackReader,
} from "../../core/ports.js"
import { alertView, gapsOf, gapView, targetsDuring, targetView } from "../../core/views.js"

export interface LivePace {
    /** Positions of a target go out at most once in this time. */
    coalesceMs: number
    heartbeatMs: number
}
const PACE: LivePace = { coalesceMs: 250, heartbeatMs: 5000 }

/** A viewer that reads no more than this behind is dropped; it comes back and resumes. */
const BUFFERED_BYTES_MAX = 1024 * 1024
const VIEWERS_MAX = 200
/** Consoles only listen. */
const INCOMING_BYTES_MAX = 1024
/** How long a socket that was told to close may take to say so too. */
const CLOSE_WAIT_MS = 2000
/** `closeTimeout` is younger than the types of ws. */
const SOCKET_OPTIONS: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    maxPayload: INCOMING_BYTES_MAX,
    perMessageDeflate: { threshold: 1024 },
    closeTimeout: CLOSE_WAIT_MS,
}
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
    /** Who opened the feed, for the entry that closes it. */
    userId: string
    entry: number
}

interface Channel {
    operationId: string
    feed: LiveFeed
    viewers: Set<Viewer>
    /** Targets with news since the last tick. */
    changed: Set<string>
    /** By id, the targets under a running mandate, as the viewers' entries in the log have them. */
    visible: Map<string, VisibleTarget>
}

export class LiveHub {
    private readonly sockets = new WebSocketServer(SOCKET_OPTIONS)
    private readonly channels = new Map<string, Channel>()
    private readonly timers: NodeJS.Timeout[]
    private viewers = 0
    private trouble: string | undefined

    constructor(
        private readonly parts: LiveHubParts,
        pace = PACE,
    ) {
        this.timers = [
            setInterval(() => this.attempt(() => this.tick()), pace.coalesceMs),
            setInterval(() => this.heartbeat(), pace.heartbeatMs),
        ]
    }

    /** Takes over an upgrade request. Whoever may not have the feed is told why by close code. */
    accept(incoming: IncomingMessage, socket: Duplex, head: Buffer, request: ViewerRequest): void {
        this.sockets.handleUpgrade(incoming, socket, head, (opened) => {
            opened.on("error", () => opened.terminate())
            opened.on("message", () => opened.terminate())
            this.attempt(
                () => this.open(opened, request),
                () => opened.terminate(),
            )
        })
    }

    /** News from the pipeline. Alerts and gaps go out at once, positions with the next tick. */
    derived(steps: readonly DerivedStep[]): void {
        const { caseFile, clock } = this.parts
        const atMs = clock.nowMs()
        for (const channel of this.channels.values()) this.refresh(channel)
        for (const { uplink, derived } of steps) {
            const heardOn = targetsDuring(caseFile(), uplink.deviceId, { fromMs: atMs, toMs: atMs })
            for (const targetId of [...heardOn, ...derived.targets.keys()])
                this.channelOf(targetId)?.changed.add(targetId)
            for (const gap of derived.gaps) {
                const span = { fromMs: gap.fromMs, toMs: gap.toMs ?? atMs }
                for (const targetId of targetsDuring(caseFile(), uplink.deviceId, span))
                    this.publish(this.channelOf(targetId), {
                        kind: "gap",
                        atMs,
                        gap: gapView(targetId, gap),
                    })
            }
            for (const event of derived.events) {
                const id = `${event.targetId}:${event.fenceId}:${event.kind}:${event.atMs}`
                const alert = alertView(caseFile(), { ...event, id, state: "raised" })
                this.publish(this.channel(event.operationId), { kind: "event", atMs, alert })
            }
        }
    }

    connections(): number {
        return this.viewers
    }

    /** Ends every feed and leaves the entry that closes it. */
    close(): void {
        for (const timer of this.timers) clearInterval(timer)
        for (const channel of this.channels.values())
            for (const viewer of channel.viewers) this.leave(channel, viewer)
        for (const socket of this.sockets.clients) socket.terminate()
        this.sockets.close()
    }

    private open(socket: WebSocket, request: ViewerRequest): void {
        const { operationId } = request
        const user = request.user()
        const refusal = this.refusalOf(user, operationId)
        if (!user || refusal || this.viewers >= VIEWERS_MAX) {
            socket.close(...(refusal ?? CLOSED.full))
            return
        }
        const channel = this.channel(operationId)
        this.refresh(channel)
        const { caseFile, clock } = this.parts
        const visible = visibleTargets(caseFile(), user, operationId, clock.nowMs())
        const entry = this.record("live-open", user.id, request, visible)
        if (entry === undefined) {
            socket.close(...CLOSED.notRecorded)
            return
        }
        const viewer: Viewer = { ...request, socket, userId: user.id, entry }
        this.viewers++
        channel.viewers.add(viewer)
        socket.on("close", () => this.leave(channel, viewer))
        const missed = this.missedSince(channel, request.since)
        if (missed) for (const message of missed) this.send(viewer, message)
        else this.send(viewer, this.snapshot(channel))
    }

    /** Why a feed is not to be had, or no longer, as close code and reason. */
    private refusalOf(user: User | undefined, operationId: string): CloseReason | undefined {
        if (!user) return CLOSED.signedOut
        const isMember = mayUse(this.parts.caseFile(), user, "see-positions", operationId)
        return isMember ? undefined : CLOSED.notAllowed
    }

    /** Nothing goes to the viewer from here on, whatever its socket still does. */
    private drop(channel: Channel, viewer: Viewer, why: CloseReason): void {
        this.leave(channel, viewer)
        viewer.socket.close(...why)
    }

    private leave(channel: Channel, viewer: Viewer): void {
        if (!channel.viewers.delete(viewer)) return
        this.viewers--
        this.record("live-close", viewer.userId, viewer, [], `entry ${viewer.entry}`)
    }

    /** The entry's number, or undefined when the log cannot be written. */
    private record(
        action: Consultation["action"],
        userId: string,
        { operationId, remote }: ViewerRequest,
        targets: readonly VisibleTarget[],
        object = targets.map(({ target }) => target.id).join(" "),
    ): number | undefined {
        const atMs = this.parts.clock.nowMs()
        const fromMs = action === "live-close" ? null : atMs
        const mandates = targets.map(({ mandate }) => mandate.reference)
        try {
            return this.parts.consultations.record({
                ...{ atMs, userId, action, operationId, mandates, object, remote },
                ...{ fromMs, toMs: null },
            })
        } catch (error) {
            this.parts.log("error", `${action} of ${userId}, not logged: ${messageOf(error)}`)
            return undefined
        }
    }

    /** A read that fails must not end the gateway: the next tick tries again. */
    private attempt(task: () => void, otherwise?: () => void): void {
        try {
            task()
            this.trouble = undefined
        } catch (error) {
            const message = messageOf(error)
            if (message !== this.trouble) this.parts.log("error", `live feed: ${message}`)
            this.trouble = message
            otherwise?.()
        }
    }

    private tick(): void {
        const { caseFile, clock, source } = this.parts
        for (const channel of this.channels.values()) {
            for (const viewer of channel.viewers) this.dropUnlessAllowed(channel, viewer)
            this.refresh(channel)
            const news = [...channel.visible.values()].filter(({ target }) =>
                channel.changed.has(target.id),
            )
            const atMs = clock.nowMs()
            const targets = news.map((one) => targetView(caseFile(), source, one, atMs))
            channel.changed.clear()
            if (targets.length > 0) this.publish(channel, { kind: "delta", atMs, targets })
        }
    }

    private heartbeat(): void {
        const atMs = this.parts.clock.nowMs()
        for (const { feed, viewers } of this.channels.values())
            for (const viewer of viewers)
                this.send(viewer, { kind: "heartbeat", seq: feed.seq, atMs })
    }

    /**
     * Brings a channel up to the mandates that run now. What has ended is withdrawn; what has begun
     * is written into the log for each viewer before it goes out.
     */
    private refresh(channel: Channel): void {
        const { caseFile, clock } = this.parts
        const atMs = clock.nowMs()
        const before = channel.visible
        const now = targetsUnderMandate(caseFile(), channel.operationId, atMs)
        channel.visible = new Map(now.map((one) => [one.target.id, one]))
        for (const targetId of before.keys())
            if (!channel.visible.has(targetId)) {
                const reason = "its mandate has ended"
                this.publish(channel, { kind: "withdrawn", atMs, targetId, reason })
            }
        const begun = now.filter(
            ({ target, mandate }) => before.get(target.id)?.mandate.id !== mandate.id,
        )
        if (begun.length === 0) return
        for (const { target } of begun) channel.changed.add(target.id)
        for (const viewer of channel.viewers)
            if (this.record("live-more", viewer.userId, viewer, begun) === undefined)
                this.drop(channel, viewer, CLOSED.notRecorded)
    }

    private publish(channel: Channel | undefined, change: LiveChange): void {
        if (!channel) return
        const message = channel.feed.add(change)
        const text = JSON.stringify(onlyVisible(message, channel.visible))
        for (const viewer of channel.viewers)
            if (this.dropUnlessAllowed(channel, viewer)) this.sendText(viewer, text)
    }

    private dropUnlessAllowed(channel: Channel, viewer: Viewer): boolean {
        const refusal = this.refusalOf(viewer.user(), channel.operationId)
        if (refusal) this.drop(channel, viewer, refusal)
        return !refusal
    }

    private snapshot({ operationId, feed, visible }: Channel): LiveMessage {
        const { clock, run, source } = this.parts
        const caseFile = this.parts.caseFile()
        const atMs = clock.nowMs()
        const operation = caseFile.operations.find(({ id }) => id === operationId)
        const span = { fromMs: (atMs - SNAPSHOT_GAPS_MS) as UnixMs, toMs: atMs }
        const targets = [...visible.values()]
        return {
            kind: "snapshot",
            run,
            seq: feed.seq,
            atMs,
            operation: { id: operationId, name: operation?.name ?? operationId },
            targets: targets.map((one) => targetView(caseFile, source, one, atMs)),
            fences: caseFile.fences
                .filter((fence) => fence.operationId === operationId)
                .map(({ id, name, shape }) => ({ id, name, shape })),
            alerts: source
                .alerts(operationId, SNAPSHOT_ALERTS)
                .filter((alert) => isUnder(visible.get(alert.targetId), alert.atMs))
                .map((alert) => alertView(caseFile, alert)),
            gaps: targets.flatMap((one) => gapsOf(caseFile, source, one, span)),
        }
    }

    /** A `resume` and what came after the last message that the console has, if it is all held. */
    private missedSince(
        { feed, visible }: Channel,
        since: string | null,
    ): LiveMessage[] | undefined {
        const [run, text] = since?.split(":") ?? []
        if (run !== this.parts.run || !/^\d{1,15}$/.test(text ?? "")) return undefined
        const seq = Number(text)
        const missed = feed.since(seq)?.map((message) => onlyVisible(message, visible))
        return missed && [{ kind: "resume", run, seq, atMs: this.parts.clock.nowMs() }, ...missed]
    }

    private channelOf(targetId: string): Channel | undefined {
        const target = this.parts.caseFile().targets.find(({ id }) => id === targetId)
        return target && this.channel(target.operationId)
    }
    private channel(operationId: string): Channel {
        let channel = this.channels.get(operationId)
        if (!channel) {
            const { caseFile, clock } = this.parts
            const visible = targetsUnderMandate(caseFile(), operationId, clock.nowMs())
            channel = {
                operationId,
                feed: new LiveFeed(),
                viewers: new Set(),
                changed: new Set(),
                visible: new Map(visible.map((one) => [one.target.id, one])),
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
function onlyVisible(message: Numbered, visible: ReadonlyMap<string, VisibleTarget>): Numbered {
    const { seq, atMs } = message
    if (message.kind === "withdrawn") return message
    if (message.kind === "delta") {
        const isShown = ({ id, mandate }: (typeof message.targets)[number]) =>
            visible.get(id)?.mandate.reference === mandate.reference
        return { ...message, targets: message.targets.filter(isShown) }
    }
    const isShown =
        message.kind === "event"
            ? isUnder(visible.get(message.alert.targetId), message.alert.atMs)
            : isUnder(visible.get(message.gap.targetId), message.gap.toMs ?? atMs)
    return isShown ? message : { kind: "delta", seq, atMs, targets: [] }
}

function isUnder(visible: VisibleTarget | undefined, atMs: UnixMs): boolean {
    return visible !== undefined && runsAt(visible.mandate, atMs)
}
function messageOf(error: unknown): string {
    return (error as Error).message
}
