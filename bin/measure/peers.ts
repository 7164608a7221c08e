// What others would send for the same fixes. Each states what its format has room for, in its own
// resolution; nothing is left out that they send, nothing is added that they need not.

import { encodeCborRows } from "./formats/cbor-rows.js"
import { encodeData, encodePosition, PACKET_HEADER_BYTES } from "./formats/meshtastic.js"
import { encodeOwnTracks } from "./formats/owntracks.js"
import { type AvlRecord, CODEC8_RECORDS_MAX, encodeCodec8 } from "./formats/teltonika.js"
import { carriedFields, type MeasuredFix } from "./measured-fix.js"
import { publishBytes } from "./overhead.js"

/** Bytes for some fixes; `securityBytes` is what authenticates them. */
export interface PeerBytes {
    body: number
    security: number
    framing: number
}

export interface Peer {
    name: string
    /** What its figures leave out or stand for. */
    remark: string
    /** Bytes for `fixes` sent together where it can, else one by one. */
    measure(fixes: readonly MeasuredFix[]): PeerBytes
}

const OWNTRACKS_TOPIC = "owntracks/burr/tracker"
const CBOR_TOPIC = "cbor/abcdefgh/up"

export const PEERS: readonly Peer[] = [
    {
        name: "OwnTracks JSON",
        remark: "a message a fix; no seal, TLS protects it on the way only",
        measure: (fixes) => sum(fixes.map(ownTracksBytes)),
    },
    {
        name: "Teltonika Codec 8",
        remark: "no I/O elements, over TCP; no encryption, no authentication",
        measure(fixes) {
            const records = fixes.map(avlRecord)
            const frames: number[] = []
            for (let at = 0; at < records.length; at += CODEC8_RECORDS_MAX)
                frames.push(encodeCodec8(records.slice(at, at + CODEC8_RECORDS_MAX)).length)
            const empty = encodeCodec8([]).length
            const total = frames.reduce((all, frame) => all + frame, 0)
            const framing = frames.length * empty
            return { body: total - framing, security: 0, framing }
        },
    },
    {
        name: "Meshtastic Position",
        remark: "a packet a fix; AES-CTR, no authentication",
        measure: (fixes) => sum(fixes.map(meshtasticBytes)),
    },
    {
        name: "CBOR rows",
        remark: "whole numbers at 1e-6 deg, over MQTT; no seal",
        measure(fixes) {
            const body = encodeCborRows(cborRows(fixes)).length
            return { body, security: 0, framing: publishBytes(body, CBOR_TOPIC) }
        },
    },
]

function sum(parts: readonly PeerBytes[]): PeerBytes {
    return parts.reduce((all, part) => ({
        body: all.body + part.body,
        security: all.security + part.security,
        framing: all.framing + part.framing,
    }))
}

/** The JSON that the app would write for a fix. */
export function ownTracksPayload(fix: MeasuredFix): Buffer {
    return encodeOwnTracks({
        _type: "location",
        acc: rounded(fix.accuracyM, 1),
        alt: rounded(fix.altM, 1),
        batt: 46,
        cog: rounded(fix.courseDeg, 1),
        conn: "m",
        lat: Math.round(fix.latDeg * 1e7) / 1e7,
        lon: Math.round(fix.lonDeg * 1e7) / 1e7,
        t: "u",
        tid: "5t",
        tst: Math.round(fix.atMs / 1000),
        vel: rounded(fix.speedMps, 3.6),
    })
}

function ownTracksBytes(fix: MeasuredFix): PeerBytes {
    const body = ownTracksPayload(fix).length
    return { body, security: 0, framing: publishBytes(body, OWNTRACKS_TOPIC) }
}

export function avlRecord(fix: MeasuredFix): AvlRecord {
    return {
        timeMs: fix.atMs,
        priority: 0,
        lonDeg: fix.lonDeg,
        latDeg: fix.latDeg,
        altM: Math.max(-32768, Math.min(32767, rounded(fix.altM, 1) ?? 0)),
        courseDeg: rounded(fix.courseDeg, 1) ?? 0,
        satellites: Math.min(255, fix.satellites ?? 0),
        speedKmh: rounded(fix.speedMps, 3.6) ?? 0,
        eventIo: 0,
        io: [],
    }
}

export function meshtasticPosition(fix: MeasuredFix): Buffer {
    return encodePosition({
        latitudeI: Math.round(fix.latDeg * 1e7),
        longitudeI: Math.round(fix.lonDeg * 1e7),
        altitude: rounded(fix.altM, 1),
        time: Math.round(fix.atMs / 1000),
        locationSource: 3,
        groundSpeed: rounded(fix.speedMps, 1),
        groundTrack: rounded(fix.courseDeg, 1e5),
        satsInView: fix.satellites,
        precisionBits: 32,
    })
}

function meshtasticBytes(fix: MeasuredFix): PeerBytes {
    const position = meshtasticPosition(fix)
    const framing = encodeData(position).length - position.length + PACKET_HEADER_BYTES
    return { body: position.length, security: 0, framing }
}

export function cborRows(fixes: readonly MeasuredFix[]): (number | undefined)[][] {
    const fields = carriedFields(fixes)
    const steps = { atMs: 0.01, latDeg: 1e6, lonDeg: 1e6, altM: 1, speedMps: 10, courseDeg: 1 }
    const perUnit = { ...steps, accuracyM: 10, satellites: 1 }
    return fixes.map((fix) => fields.map((field) => rounded(fix[field], perUnit[field])))
}

function rounded(value: number | undefined, perUnit: number): number | undefined {
    return value === undefined ? undefined : Math.round(value * perUnit)
}
