// What the core asks of the world. Each port has an adapter that needs nothing installed.

import type { EpochKeys } from "../../protocol/keys.js"
import type { AlertView, GapView, TrackPoint } from "../../protocol/live.js"
import type { Response } from "../../protocol/response.js"
import type { AccessPoint } from "../../protocol/scan.js"
import type { Status } from "../../protocol/status.js"
import type { UnixMs } from "../../protocol/units.js"
import type { DeviceMemory } from "./ingest/device-memory.js"
import type { TimeQuality } from "./ingest/place-instant.js"
import type { Uplink } from "./ingest/uplink.js"
import type { Derived, TargetMemory } from "./pipeline.js"

export interface Clock {
    nowMs(): UnixMs
}

export type LogLevel = "info" | "warn" | "error"
/** Talk for people who run the gateway. Never a position, never a key. */
export type Log = (level: LogLevel, message: string) => void

/** Root keys, sealed; what leaves is one epoch's keys. */
export interface Vault {
    /** Undefined for a device that the vault does not know, or an epoch past EPOCH_MAX. */
    keysOf(deviceId: string, epoch: number): EpochKeys | undefined
    /** Handles of the epochs from `first` to `last`; none for a device that is not known. */
    handlesOf(deviceId: string, first: number, last: number): { epoch: number; handle: string }[]
}

/** Epochs of a device's life: a century of daily ones. */
export const EPOCH_MAX = 36_525

export interface NewUplink extends Omit<Uplink, "id"> {
    remote: string
    /** Counter in the body of a hello, null for every other record. */
    helloCounter: number | null
    /** It came inside a relay, so its session need not be the device's current one. */
    isRelayed: boolean
}

/** A session whose hello is held. */
export interface SessionRef {
    /** Hexadecimal. */
    salt: string
    counter: number
}

export interface Appended {
    /** conflict: this number is taken by other bytes; neither stored nor to be acknowledged. */
    kind: "stored" | "duplicate" | "conflict"
    /**
     * What to tell the device; undefined for a conflict, and where the answer to another record of
     * the session, made durable at the same moment, names this one too.
     */
    answer: Answer | undefined
}

export interface Answer {
    /** Bit i: record `seq - 1 - i` of the session is durable as well. */
    earlier: number
    downlink: Downlink
}

/** A number for one message to a device. */
export interface Downlink {
    /** Salt under which the device listens, hexadecimal: that of its current session. */
    salt: string
    /** Never given twice under that salt. */
    seq: number
}

/** Uplinks as received, durable before anybody is told so. */
export interface Ledger {
    /** Resolves once the record is on disk. Rejects when it cannot be made so. */
    append(uplink: NewUplink): Promise<Appended>
    /** Resolves once all that was appended before is on disk, or has failed. */
    committed(): Promise<void>
    /**
     * A number for a message to the device in its current session; undefined while no session of it
     * is known. It is on disk when this returns, so no crash brings it again. Acks and commands draw
     * from one ascending sequence: both need theirs once in a session, a command's must be above the
     * last command's, and holes mean nothing. (The type in byte 0 keeps their nonces apart besides.)
     */
    nextDownlink(deviceId: string): (Downlink & SessionRef) | undefined
    /** The session in which the device was last heard to be. */
    currentSession(deviceId: string): SessionRef | undefined
    /** Sessions whose hello came last, newest first. */
    recentSessions(deviceId: string, count: number): SessionRef[]
    /** Sessions of a device with this counter, newest first: more than one after its FRAM was lost. */
    sessionsWith(deviceId: string, counter: number, count: number): SessionRef[]
    /** Counter of a session, from its hello. */
    counterOf(deviceId: string, salt: string): number | undefined
    /** The newest epoch in which a durable record was sealed; 0 for a device without any. */
    newestEpoch(deviceId: string): number
    /** Keeps an alarm for good. */
    recordAlarm(alarm: Alarm): void
    /** Records held; they are numbered from 1 without a hole. */
    count(): number
    /** In order of receipt, from the first record behind `id`. */
    after(id: number, count: number): Uplink[]
}

export type AlarmKind = "nonce-reuse" | "clone-suspected" | "bad-tag"

export interface Alarm {
    kind: AlarmKind
    deviceId: string
    atMs: UnixMs
    /** What was seen, for people; no key and no position. */
    detail: string
    /** Times it was seen since the row before. */
    count: number
}

/** Somebody looked at case data, or ordered something. Written before it is shown or kept. */
export interface Consultation {
    atMs: UnixMs
    userId: string
    /** live-more: a mandate began while the subscription was open. */
    action:
        | "targets"
        | "track"
        | "live-open"
        | "live-more"
        | "live-close"
        | "devices"
        | "orders"
        | "order-ask"
        | "order-approve"
    /** Empty for a device that belongs to none. */
    operationId: string
    mandates: readonly string[]
    /** Targets or devices, an order in words; for a live subscription's end the entry that opened it. */
    object: string
    fromMs: UnixMs | null
    toMs: UnixMs | null
    remote: string
}

export interface ConsultationLog {
    /** The entry's number. Throws when it cannot be written; then nothing may be shown. */
    record(consultation: Consultation): number
}

/** Tracks, alerts and gaps, and what the pipeline remembers: all of it computed from the ledger. */
export interface DerivedStore {
    /** Ledger number of the last uplink that is worked in. */
    cursor(): number
    /** NEW_DEVICE for one that has not spoken. */
    deviceMemory(deviceId: string): DeviceMemory
    targetMemory(targetId: string): TargetMemory | undefined
    /**
     * All of the steps and the cursor behind them, or nothing. Throws UnstorableError when one of
     * the steps can never be stored, anything else when it may work later.
     */
    commit(steps: readonly DerivedStep[]): void
}

/** What was derived breaks the store's own rules: trying again would not help. */
export class UnstorableError extends Error {
    override readonly name = "UnstorableError"
}

export interface DerivedStep {
    uplink: Uplink
    derived: Derived
}

export interface Span {
    fromMs: UnixMs
    toMs: UnixMs
}

/** An alert without the names that the case file knows. */
export type StoredAlert = Omit<AlertView, "fenceName" | "targetName"> & { operationId: string }
export type StoredGap = Omit<GapView, "targetId"> & { id: string }

/** What consoles read of the derived store. */
export interface TrackReader {
    /** The newest point of a span. */
    lastPoint(targetId: string, span: Span): TrackPoint | undefined
    /** Oldest first; of a span that holds more, the newest `count` points. */
    track(targetId: string, span: Span, count: number): TrackPoint[]
    /** Newest first. */
    alerts(operationId: string, count: number): StoredAlert[]
    gaps(deviceId: string, span: Span): StoredGap[]
    receivedAt(deviceId: string): UnixMs | undefined
}

/** What a device reported beside fixes, as reported, with its place in time. */
export interface Stored {
    /** Ledger number of the record that brought it. */
    uplinkId: number
    atMs: UnixMs
    quality: TimeQuality
}
/** Of a target, under the mandate that covers it. */
export interface StoredUnderMandate extends Stored {
    targetId: string
    mandateId: string
    /** Happened while the mandate ran, received after its end. */
    isLate: boolean
}
export interface StoredReading extends StoredUnderMandate {
    /** One of QUANTITIES, or a number that this version does not know. */
    quantity: number
    /** In the quantity's quanta. */
    value: number
}
export interface StoredScan extends StoredUnderMandate {
    accessPoints: AccessPoint[]
}
/** A boot belongs to the device alone; all other events to the target that it was on. */
export interface StoredEvent extends Stored {
    targetId: string | null
    mandateId: string | null
    isLate: boolean
    /** One of EventKind, or a number that this version does not know. */
    event: number
    args: number[]
}
export interface StoredStatus extends Stored {
    /** The program's hash in hexadecimal. */
    status: Omit<Status, "kind" | "instant" | "programHash"> & { programHash?: string }
}
/** What a device made of a command. */
export interface StoredResponse {
    uplinkId: number
    receivedAtMs: UnixMs
    response: Omit<Response, "kind">
}

/** Readings, scans, events and statuses, oldest first; of a longer span the newest `count`. */
export interface EvidenceReader {
    readings(deviceId: string, span: Span, count: number): StoredReading[]
    scans(deviceId: string, span: Span, count: number): StoredScan[]
    events(deviceId: string, span: Span, count: number): StoredEvent[]
    statuses(deviceId: string, span: Span, count: number): StoredStatus[]
    /** In the order of receipt, the newest `count`. */
    responses(deviceId: string, count: number): StoredResponse[]
    /** The newest of all. */
    lastStatus(deviceId: string): StoredStatus | undefined
}
