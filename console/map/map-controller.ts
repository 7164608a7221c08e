// The map, driven by hand: frames come in, differences go to MapLibre's sources. It holds no truth of
// its own; what it draws is what the last frame said.

import {
    AttributionControl,
    addProtocol,
    type GeoJSONSource,
    Map as MapLibre,
    ScaleControl,
    setWorkerUrl,
} from "maplibre-gl"
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url"
import { Protocol } from "pmtiles"
import type { FenceView, TargetView } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"
import type { MapPlace } from "../live/deep-link.js"
import type { Track } from "../live/track.js"
import { attributions, basemap, hasStreets, type MapArchive } from "./basemap.js"
import {
    accuracyOf,
    type Feature,
    fenceFeatures,
    isSameLook,
    lookOf,
    markerOf,
    type TargetLook,
    trackFeatures,
} from "./features.js"
import { ICON_PIXEL_RATIO, markerIcon } from "./marker-icons.js"
import { areas, markers, overlaySources } from "./overlays.js"
import { boundsOf, fenceRings } from "./shapes.js"

/** Everything the map shows at one moment. */
export interface MapFrame {
    targets: ReadonlyMap<string, TargetView>
    fences: readonly FenceView[]
    track: Track | null
    chosenId: string | null
    isFollowing: boolean
    nowMs: UnixMs
}

export interface MapEvents {
    /** A target was clicked, or null for the empty map. */
    chose(targetId: string | null): void
    /** The operator moved the map by hand, so following ends. */
    draggedAway(): void
    moved(view: MapPlace, hasStreets: boolean): void
}

/** Half the edge of the square around a click in which a target counts as hit: 48 px in all. */
const HIT_PX = 24
const FIT_ZOOM_MAX = 15
const CENTRE_ZOOM_MIN = 14
const SHORT_MS = 300
/** Streets are expected from here on. */
const STREET_ZOOM = 10

const protocol = new Protocol()
setWorkerUrl(new URL(workerUrl, location.href).href)
addProtocol("pmtiles", protocol.tile)

interface Drawn {
    view: TargetView
    look: TargetLook
}

export class MapController {
    readonly map: MapLibre
    private readonly archives: readonly MapArchive[]
    private readonly events: MapEvents
    private frame: MapFrame | null = null
    private isReady = false
    private flushId: number | null = null
    private readonly drawn = new Map<string, Drawn>()
    private drawnFences: readonly FenceView[] = []
    private drawnTrack: Track | null = null
    private followed: string | null = null

    /** Throws where the browser has no WebGL 2. */
    constructor(
        container: HTMLElement,
        archives: readonly MapArchive[],
        view: MapPlace | null,
        events: MapEvents,
    ) {
        this.archives = archives
        this.events = events
        const ground = basemap(archives, location.origin)
        this.map = new MapLibre({
            container,
            style: {
                version: 8,
                sources: { ...ground.sources, ...overlaySources },
                layers: [...ground.ground, ...areas, ...ground.names, ...markers],
            },
            ...start(archives, view),
            // North stays up: a turned map is one more thing to notice at night.
            dragRotate: false,
            pitchWithRotate: false,
            touchPitch: false,
            maxPitch: 0,
            maxZoom: 20,
            attributionControl: false,
            renderWorldCopies: false,
            fadeDuration: 120,
        })
        this.map.touchZoomRotate.disableRotation()
        this.map.keyboard.disableRotation()
        this.map.setMissingStyleImageResolver((id) => this.drawIcon(id))
        this.map.addControl(
            new AttributionControl({
                compact: false,
                customAttribution: attributions(archives),
            }),
            "bottom-right",
        )
        this.map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left")
        this.listen()
    }

    /** Takes a frame; it is drawn with the next picture of the screen. */
    show(frame: MapFrame): void {
        this.frame = frame
        this.flushId ??= requestAnimationFrame(() => {
            this.flushId = null
            this.flush()
        })
    }

    /** Brings all positions into view. Does nothing where there are none. */
    fitTargets(): void {
        const points = [...(this.frame?.targets.values() ?? [])].flatMap(({ last }) =>
            last === null ? [] : [[last.lonDeg, last.latDeg] as [number, number]],
        )
        this.fit(points, 0)
    }

    fitFence(fenceId: string): void {
        const fence = this.frame?.fences.find(({ id }) => id === fenceId)
        if (fence !== undefined) this.fit(fenceRings(fence.shape).flat(), SHORT_MS)
    }

    centreOn(targetId: string): void {
        const last = this.frame?.targets.get(targetId)?.last
        if (last === null || last === undefined) return
        this.map.easeTo({
            center: [last.lonDeg, last.latDeg],
            zoom: Math.max(this.map.getZoom(), CENTRE_ZOOM_MIN),
            duration: SHORT_MS,
        })
    }

    /** Centres on the target where it is out of sight, and leaves the map alone otherwise. */
    reveal(targetId: string): void {
        const last = this.frame?.targets.get(targetId)?.last
        if (last === null || last === undefined) return
        const at: [number, number] = [last.lonDeg, last.latDeg]
        if (!this.map.getBounds().contains(at)) {
            this.map.easeTo({ center: at, duration: SHORT_MS })
        }
    }

    jumpTo(view: MapPlace): void {
        this.map.jumpTo({ center: [view.lonDeg, view.latDeg], zoom: view.zoom })
    }

    zoomBy(steps: number): void {
        this.map.zoomTo(this.map.getZoom() + steps, { duration: SHORT_MS })
    }

    destroy(): void {
        if (this.flushId !== null) cancelAnimationFrame(this.flushId)
        this.map.remove()
    }

    private listen(): void {
        const { map, events } = this
        map.once("load", () => {
            this.isReady = true
            this.flush()
            this.tellView()
        })
        map.on("moveend", () => this.tellView())
        map.on("dragstart", () => events.draggedAway())
        map.on("click", (event) => events.chose(this.targetAt(event.point)))
        map.on("mousemove", (event) => {
            const isOver = this.isReady && this.targetAt(event.point) !== null
            map.getCanvas().style.cursor = isOver ? "pointer" : ""
        })
    }

    private tellView(): void {
        const { lng, lat } = this.map.getCenter()
        const zoom = this.map.getZoom()
        const isCovered = zoom < STREET_ZOOM || hasStreets(this.archives, lng, lat)
        this.events.moved({ zoom, latDeg: lat, lonDeg: lng }, isCovered)
    }

    /** The target drawn nearest to a point of the screen, null where none is within reach. */
    private targetAt(point: { x: number; y: number }): string | null {
        let nearest: { id: string; distancePx: number } | null = null
        const features = this.map.queryRenderedFeatures(
            [
                [point.x - HIT_PX, point.y - HIT_PX],
                [point.x + HIT_PX, point.y + HIT_PX],
            ],
            { layers: ["targets"] },
        )
        for (const feature of features) {
            const id = String(feature.properties.id)
            const last = this.drawn.get(id)?.view.last
            if (last === null || last === undefined) continue
            const at = this.map.project([last.lonDeg, last.latDeg])
            const distancePx = Math.hypot(at.x - point.x, at.y - point.y)
            if (nearest === null || distancePx < nearest.distancePx) nearest = { id, distancePx }
        }
        return nearest?.id ?? null
    }

    private flush(): void {
        const { frame } = this
        if (frame === null || !this.isReady) return
        this.flushTargets(frame)
        if (frame.fences !== this.drawnFences) {
            this.drawnFences = frame.fences
            void this.source("fences").setData(fenceFeatures(frame.fences))
        }
        if (frame.track !== this.drawnTrack) {
            this.drawnTrack = frame.track
            void this.source("track").setData(trackFeatures(frame.track))
        }
        this.flushFollowing(frame)
    }

    private flushTargets(frame: MapFrame): void {
        const remove: string[] = []
        const marked: Feature[] = []
        const circled: Feature[] = []
        for (const [id, { view }] of this.drawn) {
            const target = frame.targets.get(id)
            if (target !== undefined && target.last !== null) continue
            if (view.last !== null) remove.push(id)
            this.drawn.delete(id)
        }
        for (const view of frame.targets.values()) {
            const look = lookOf(view, frame.nowMs, view.id === frame.chosenId)
            if (look === null) continue
            const before = this.drawn.get(view.id)
            if (before !== undefined && before.view === view && isSameLook(before.look, look)) {
                continue
            }
            this.drawn.set(view.id, { view, look })
            const marker = markerOf(view, look)
            const circle = accuracyOf(view, look)
            if (marker !== null) marked.push(marker)
            if (circle !== null) circled.push(circle)
        }
        if (remove.length === 0 && marked.length === 0) return
        // To add a feature whose id is there already replaces it.
        void this.source("targets").updateData({ remove, add: marked })
        void this.source("accuracy").updateData({ remove, add: circled })
    }

    private flushFollowing(frame: MapFrame): void {
        const view = frame.isFollowing ? frame.targets.get(frame.chosenId ?? "") : undefined
        const last = view?.last ?? null
        if (last === null) {
            this.followed = null
            return
        }
        const at = `${view!.id} ${last.lonDeg} ${last.latDeg}`
        if (at === this.followed) return
        this.followed = at
        this.map.easeTo({ center: [last.lonDeg, last.latDeg], duration: SHORT_MS })
    }

    private fit(points: Iterable<[number, number]>, durationMs: number): void {
        const bounds = boundsOf(points)
        if (bounds === null) return
        this.map.fitBounds(bounds, { padding: 64, maxZoom: FIT_ZOOM_MAX, duration: durationMs })
    }

    private drawIcon(id: string): void {
        const icon = markerIcon(id)
        if (icon !== null && !this.map.hasImage(id)) {
            this.map.addImage(id, icon, { pixelRatio: ICON_PIXEL_RATIO })
        }
    }

    private source(id: string): GeoJSONSource {
        return this.map.getSource(id) as GeoJSONSource
    }
}

/** Where to begin: the linked view, else the first region, else the world. */
function start(archives: readonly MapArchive[], view: MapPlace | null) {
    if (view !== null) {
        return { center: [view.lonDeg, view.latDeg] as [number, number], zoom: view.zoom }
    }
    const region = archives[1]
    return region === undefined
        ? { center: [10, 30] as [number, number], zoom: 1.5 }
        : { bounds: region.bounds, fitBoundsOptions: { padding: 48 } }
}
