// OwnTracks: one JSON object a fix, published by MQTT (owntracks.org/booklet/tech/json). What the
// Android app of today writes, with its keys in alphabetical order and no white space. Not sealed by
// itself: its optional payload encryption wraps this object once more, in base64.

export interface OwnTracksLocation {
    _type: "location"
    /** Metres. */
    acc?: number
    alt?: number
    /** Percent. */
    batt?: number
    /** Course over ground, degrees. */
    cog?: number
    /** How the phone is connected: w for Wi-Fi, m for mobile. */
    conn?: string
    created_at?: number
    lat: number
    lon: number
    /** Monitoring mode. */
    m?: number
    /** What caused the report: u for the user. */
    t?: string
    /** Tracker id, two characters. */
    tid?: string
    topic?: string
    /** Seconds of UTC since 1970. */
    tst: number
    /** Vertical accuracy, metres. */
    vac?: number
    /** Kilometres per hour. */
    vel?: number
}

export type OwnTracksKey = keyof OwnTracksLocation

const ALPHABETICAL: readonly OwnTracksKey[] = [
    ...(["_type", "acc", "alt", "batt", "cog", "conn", "created_at", "lat", "lon", "m"] as const),
    ...(["t", "tid", "topic", "tst", "vac", "vel"] as const),
]

/** The payload. Other versions of the apps write the same keys in another order. */
export function encodeOwnTracks(
    location: OwnTracksLocation,
    order: readonly OwnTracksKey[] = ALPHABETICAL,
): Buffer {
    const known = order.filter((key) => location[key] !== undefined)
    return Buffer.from(JSON.stringify(Object.fromEntries(known.map((key) => [key, location[key]]))))
}
