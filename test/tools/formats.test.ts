import { readFileSync } from "node:fs"
import { decode } from "cbor-x"
import { describe, expect, it } from "vitest"
import { encodeCborRows } from "../../bin/measure/formats/cbor-rows.js"
import {
    encodeData,
    encodePosition,
    type MeshtasticPosition,
} from "../../bin/measure/formats/meshtastic.js"
import {
    encodeOwnTracks,
    type OwnTracksKey,
    type OwnTracksLocation,
} from "../../bin/measure/formats/owntracks.js"
import { type AvlRecord, crc16Ibm, encodeCodec8 } from "../../bin/measure/formats/teltonika.js"
import { sharedData } from "../support/shared-data.js"

/** A published example, and the shared vectors where they are. */
function withShared(path: string, example: string): string[] {
    const file = sharedData(path)
    return file === undefined ? [example] : [example, readFileSync(file, "utf8")]
}

interface TeltonikaVector {
    hex: string
    expected: null | {
        codec?: string
        crc_ok?: boolean
        consumed_all?: boolean
        positions?: {
            t_unix_ms: number
            priority: number
            lon: number
            lat: number
            alt_m: number
            course_deg: number
            sats: number
            speed_kmh: number
            event_io: number
            io_hex: [id: string, value: string][]
        }[]
    }
}

/** The first example of Teltonika's own description of Codec 8. */
const TELTONIKA_EXAMPLE = `[{
    "hex": "000000000000003608010000016b40d8ea30010000000000000000000000000000000105021503010101425e0f01f10000601a014e0000000000000000010000c7cf",
    "expected": {"codec": "0x08", "crc_ok": true, "consumed_all": true, "positions": [{
        "t_unix_ms": 1560161086000, "priority": 1, "lon": 0, "lat": 0, "alt_m": 0,
        "course_deg": 0, "sats": 0, "speed_kmh": 0, "event_io": 1,
        "io_hex": {"21": "03", "1": "01", "66": "5e0f", "241": "0000601a", "78": "0000000000000000"}
    }]}
}]`

/** JSON.parse puts keys that are numbers into order; the order on the wire is theirs in the file. */
function teltonikaVectors(): TeltonikaVector[] {
    const texts = withShared("vectors-trackers/teltonika_frames.json", TELTONIKA_EXAMPLE)
    return texts.flatMap((text) => {
        const ordered = text.replace(/"io_hex":\s*\{([^}]*)\}/g, (_, entries: string) => {
            return `"io_hex": [${entries.replace(/("\w+"):\s*("\w*")/g, "[$1, $2]")}]`
        })
        return JSON.parse(ordered)
    })
}

describe("Teltonika Codec 8", () => {
    const frames = teltonikaVectors().filter(
        ({ expected }) => expected?.codec === "0x08" && expected.consumed_all === true,
    )

    it("is written as the real frames are", () => {
        expect(frames.length).toBeGreaterThan(0)
        for (const { hex, expected } of frames) {
            const records = expected!.positions!.map(
                (position): AvlRecord => ({
                    timeMs: position.t_unix_ms,
                    priority: position.priority,
                    lonDeg: position.lon,
                    latDeg: position.lat,
                    altM: position.alt_m,
                    courseDeg: position.course_deg,
                    satellites: position.sats,
                    speedKmh: position.speed_kmh,
                    eventIo: position.event_io,
                    io: position.io_hex.map(([id, value]) => ({
                        id: Number(id),
                        value: Buffer.from(value, "hex"),
                    })),
                }),
            )
            const frame = encodeCodec8(records).toString("hex")
            // One frame was altered by whoever published it, and its checksum was not.
            if (expected!.crc_ok) expect(frame).toBe(hex)
            else expect(frame.slice(0, -8)).toBe(hex.slice(0, -8))
        }
    })

    it("is checked by CRC-16/ARC", () => {
        expect(crc16Ibm(Buffer.from("123456789"))).toBe(0xbb3d)
    })
})

/** After the app's documentation. */
const OWNTRACKS_EXAMPLE = JSON.stringify([
    { body: '{"_type":"location","acc":15,"lat":46.0681247,"lon":11.1512805,"tst":1551874878}' },
])

describe("OwnTracks JSON", () => {
    const bodies: { body: string }[] = withShared(
        "vectors-trackers/owntracks_requests.json",
        OWNTRACKS_EXAMPLE,
    ).flatMap((text) => JSON.parse(text))
    it("is written as the apps write it", () => {
        for (const { body } of bodies) {
            const location: OwnTracksLocation = JSON.parse(body)
            const order = Object.keys(location) as OwnTracksKey[]
            expect(encodeOwnTracks(location, order).toString()).toBe(body)
        }
    })

    it("has the keys of today's app in alphabetical order", () => {
        const [example, recorded] = bodies
        for (const { body } of [example!, recorded ?? example!])
            expect(encodeOwnTracks(JSON.parse(body)).toString()).toBe(body)
    })
})

/** Computed by hand from the schema's field numbers; the altitude takes ten bytes. */
const MESHTASTIC_EXAMPLE = JSON.stringify([
    {
        fields: { latitudeI: 1, longitudeI: -1, altitude: -6, time: 1265029889, satsInView: 300 },
        position_hex: "0d0100000015ffffffff18faffffffffffffffff012501d3664b9801ac02",
        data_hex: "0803121e0d0100000015ffffffff18faffffffffffffffff012501d3664b9801ac02",
    },
])

describe("Meshtastic positions", () => {
    const vectors: { fields: MeshtasticPosition; position_hex: string; data_hex: string }[] =
        withShared("vectors-meshtastic/positions.json", MESHTASTIC_EXAMPLE).flatMap((text) =>
            JSON.parse(text),
        )

    it("are written as the official schema's encoder writes them", () => {
        for (const { fields, position_hex, data_hex } of vectors) {
            const position = encodePosition(fields)
            expect(position.toString("hex")).toBe(position_hex)
            expect(encodeData(position).toString("hex")).toBe(data_hex)
        }
    })
})

describe("CBOR rows", () => {
    it("are read by any CBOR library", () => {
        const rows = [
            [16_890_554_520, -35_165_394, 0, undefined],
            [16_890_554_530, -35_165_395, 255, 7],
        ]
        const read = decode(encodeCborRows(rows)) as (number | bigint | null)[][]
        expect(
            read.map((row) => row.map((value) => (value === null ? undefined : Number(value)))),
        ).toEqual(rows)
    })
})
