// The offline maps that the gateway serves: those that ship with it and those that somebody put
// into the data directory. The content's hash is in the address, so a browser may keep tiles for
// ever and still gets the new file when it changes.

import { createHash } from "node:crypto"
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs"
import { basename, join } from "node:path"
import type { MapsView } from "../../../protocol/live.js"

export interface MapFile {
    path: string
    view: MapsView["maps"][number]
}

const SUFFIX = ".pmtiles"
const HEADER_BYTES = 127
const MAGIC = "PMTiles"
const VERSION = 3
const WORLD = "world"
const OSM = "© OpenStreetMap contributors"
const WORLD_ATTRIBUTION = "Natural Earth · GeoNames"

/** Readable archives of the folders, the world first. Others are left out with a word to `warn`. */
export function findMaps(folders: readonly string[], warn: (message: string) => void): MapFile[] {
    const maps = folders
        .filter((folder) => existsSync(folder))
        .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
        .filter((path) => path.endsWith(SUFFIX))
        .flatMap((path) => {
            try {
                return [describe(path)]
            } catch (error) {
                warn(`map ${path} is left out: ${(error as Error).message}`)
                return []
            }
        })
    return maps.sort((a, b) => a.view.minZoom - b.view.minZoom || (a.path < b.path ? -1 : 1))
}

/** Reads the PMTiles v3 header: zooms at 100, bounds at 102 in 1e-7 degrees. */
function describe(path: string): MapFile {
    const header = Buffer.alloc(HEADER_BYTES)
    const file = openSync(path, "r")
    try {
        readSync(file, header, 0, HEADER_BYTES, 0)
    } finally {
        closeSync(file)
    }
    if (header.toString("latin1", 0, 7) !== MAGIC || header[7] !== VERSION)
        throw new Error("not a PMTiles archive of version 3")
    const id = basename(path, SUFFIX)
    const degrees = (at: number) => header.readInt32LE(at) / 1e7
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16)
    return {
        path,
        view: {
            id,
            name: id.replace(/-z\d+$/, "").replaceAll("-", " "),
            url: `/maps/${id}-${hash}${SUFFIX}`,
            attribution: id.startsWith(WORLD) ? WORLD_ATTRIBUTION : OSM,
            bounds: [degrees(102), degrees(106), degrees(110), degrees(114)],
            minZoom: header[100]!,
            maxZoom: header[101]!,
        },
    }
}
