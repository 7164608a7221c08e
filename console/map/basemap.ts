// The offline basemap: the world archive beneath, each region above it, both styled by
// @protomaps/basemaps and coloured for a dark room. Every byte comes from this gateway.
//
// The world file is drawn from generalised data. Its borders and coasts are right for a country and
// wrong for a street, so its lines fade out before they could be taken for one.

import { DARK, type Flavor, layers as protomapsLayers } from "@protomaps/basemaps"
import type { LayerSpecification, StyleSpecification } from "maplibre-gl"
import type { MapsView } from "../../protocol/live.js"
import { fonts, palette } from "./palette.js"

export type MapArchive = MapsView["maps"][number]

const flavor: Flavor = {
    ...DARK,
    background: palette.water,
    earth: palette.land,
    water: palette.water,
    buildings: "#20272f",
    park_a: "#16211d",
    park_b: "#17251f",
    wood_a: "#151f1b",
    wood_b: "#15221c",
    scrub_a: "#161f1c",
    scrub_b: "#17211d",
    industrial: "#1a1f26",
    school: "#1b2027",
    hospital: "#211e24",
    pedestrian: "#1b2129",
    sand: "#1e2022",
    beach: "#1e2022",
    glacier: "#1f2830",
    aerodrome: "#1b2027",
    zoo: "#16211d",
    military: "#1b1f24",
    other: "#2c3641",
    minor_service: "#2c3641",
    minor_a: "#3a4653",
    minor_b: "#364250",
    link: "#4a5765",
    major: "#55636f",
    highway: "#6b7988",
    minor_service_casing: "#12171c",
    minor_casing: "#12171c",
    link_casing: "#12171c",
    major_casing_early: "#12171c",
    major_casing_late: "#12171c",
    highway_casing_early: "#12171c",
    highway_casing_late: "#12171c",
    bridges_other: "#2c3641",
    bridges_minor: "#3a4653",
    bridges_link: "#4a5765",
    bridges_major: "#55636f",
    bridges_highway: "#6b7988",
    tunnel_other: "#1f262e",
    tunnel_minor: "#232b34",
    tunnel_link: "#28313b",
    tunnel_major: "#2b343f",
    tunnel_highway: "#3a4653",
    railway: "#2c3641",
    boundaries: "#66758a",
    roads_label_minor: "#8493a2",
    roads_label_minor_halo: palette.halo,
    roads_label_major: "#9aa8b6",
    roads_label_major_halo: palette.halo,
    ocean_label: "#4d6a88",
    subplace_label: "#8493a2",
    subplace_label_halo: palette.halo,
    city_label: "#b4c0cc",
    city_label_halo: palette.halo,
    state_label: "#66758a",
    state_label_halo: palette.halo,
    country_label: "#8796a6",
    address_label: "#66758a",
    address_label_halo: palette.halo,
    regular: fonts.regular,
    bold: fonts.medium,
    italic: fonts.italic,
    pois: undefined,
}

/** Their pictures come from a sprite, which would be one more file for signs nobody needs here. */
const pictured = ["roads_oneway", "roads_shields", "address_label"]

/** The zoom at which the world's lines are gone. */
const WORLD_LINES_END = 10

export interface Basemap {
    sources: StyleSpecification["sources"]
    /** Land, water, roads: what overlays lie on. */
    ground: LayerSpecification[]
    /** Names, above the overlays' areas and below their markers. */
    names: LayerSpecification[]
}

/** The style of the given archives, the world first. `origin` is this page's own. */
export function basemap(archives: readonly MapArchive[], origin: string): Basemap {
    const [world, ...regions] = archives
    const result: Basemap = {
        sources: {},
        ground: [
            {
                id: "background",
                type: "background",
                paint: { "background-color": palette.water },
            },
        ],
        names: [],
    }
    for (const archive of archives) {
        const source = sourceId(archive)
        result.sources[source] = {
            type: "vector",
            url: `pmtiles://${new URL(archive.url, origin).href}`,
        }
        const isWorld = archive === world && regions.length > 0
        const all = protomapsLayers(source, flavor, { lang: "en" })
            .filter((layer) => layer.type !== "background" && !pictured.includes(layer.id))
            .map((layer) => ({ ...layer, id: `${source}/${layer.id}` }) as LayerSpecification)
            .map((layer) => (isWorld ? asWorld(layer, regions) : layer))
            .map(plain)
        result.ground.push(...all.filter((layer) => layer.type !== "symbol"))
        // What comes later in a style is placed first: a region's own names win over the world's.
        result.names.push(...all.filter((layer) => layer.type === "symbol"))
    }
    return result
}

/** The attribution of every archive, as HTML whose only markup is ours. */
export function attributions(archives: readonly MapArchive[]): string[] {
    return [...new Set(archives.map((archive) => archive.attribution))].map((text) =>
        escapeHtml(text).replace(
            /© OpenStreetMap contributors/,
            '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noreferrer noopener">$&</a>',
        ),
    )
}

/** True where one of the regions, rather than the world alone, covers the place. */
export function hasStreets(
    archives: readonly MapArchive[],
    lonDeg: number,
    latDeg: number,
): boolean {
    return archives.some(
        ({ maxZoom, bounds: [west, south, east, north] }) =>
            maxZoom >= 12 && lonDeg >= west && lonDeg <= east && latDeg >= south && latDeg <= north,
    )
}

function sourceId(archive: MapArchive): string {
    return `map:${archive.id}`
}

function asWorld(layer: LayerSpecification, regions: readonly MapArchive[]): LayerSpecification {
    if (layer.type === "line") {
        return {
            ...layer,
            paint: {
                ...layer.paint,
                "line-opacity": [
                    "interpolate",
                    ["linear"],
                    ["zoom"],
                    WORLD_LINES_END - 3,
                    1,
                    WORLD_LINES_END,
                    0,
                ],
            },
        }
    }
    if (layer.type !== "symbol" || layer["source-layer"] !== "places") return layer
    // A place inside a region is named by the region, which knows better where it is.
    const outside = regions.map(({ bounds: [west, south, east, north], minZoom }) => [
        "any",
        ["<", ["zoom"], minZoom],
        [
            "!",
            [
                "within",
                {
                    type: "Polygon",
                    coordinates: [
                        [
                            [west, south],
                            [east, south],
                            [east, north],
                            [west, north],
                            [west, south],
                        ],
                    ],
                },
            ],
        ],
    ])
    return { ...layer, filter: ["all", modernFilter(layer.filter), ...outside] as never }
}

/** The old form `["==", "kind", "locality"]` cannot stand beside expressions. */
function modernFilter(filter: unknown): unknown {
    if (!Array.isArray(filter)) return true
    const [operator, key, ...values] = filter
    const isOld = typeof key === "string" && (operator === "==" || operator === "in")
    if (!isOld) return filter
    return ["in", ["get", key], ["literal", values]]
}

/** Without pictures, and with an order also for features that carry no `sort_key`. */
function plain(layer: LayerSpecification): LayerSpecification {
    if (layer.type !== "symbol") return layer
    const layout = { ...layer.layout }
    delete layout["icon-image"]
    if (layout["symbol-sort-key"] !== undefined) {
        layout["symbol-sort-key"] = ["coalesce", ["get", "sort_key"], ["get", "min_zoom"], 0]
    }
    return { ...layer, layout }
}

function escapeHtml(text: string): string {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
