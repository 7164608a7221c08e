// What a link to the console carries after its `#`: the operation, the target and the view. The part
// after `#` stays in the browser, so a link typed or opened sends no position to any server.
//
//     #op=brook&target=gl-3&view=14.2/47.14100/9.52090     zoom/latitude/longitude

export interface MapPlace {
    zoom: number
    latDeg: number
    lonDeg: number
}

export interface DeepLink {
    operationId: string | null
    targetId: string | null
    view: MapPlace | null
}

/** What is malformed or out of range counts as not given. */
export function parseLink(hash: string): DeepLink {
    const values = new URLSearchParams(hash.replace(/^#/, ""))
    return {
        operationId: values.get("op"),
        targetId: values.get("target"),
        view: parseView(values.get("view")),
    }
}

export function formatLink({ operationId, targetId, view }: DeepLink): string {
    const parts: string[] = []
    if (operationId !== null) parts.push(`op=${encodeURIComponent(operationId)}`)
    if (targetId !== null) parts.push(`target=${encodeURIComponent(targetId)}`)
    if (view !== null) {
        const { zoom, latDeg, lonDeg } = view
        parts.push(`view=${zoom.toFixed(2)}/${latDeg.toFixed(5)}/${lonDeg.toFixed(5)}`)
    }
    return parts.length === 0 ? "" : `#${parts.join("&")}`
}

function parseView(text: string | null): MapPlace | null {
    const parts = (text ?? "").split("/")
    if (parts.length !== 3 || parts.some((part) => part.trim() === "")) return null
    const [zoom, latDeg, lonDeg] = parts.map(Number) as [number, number, number]
    const isPlace =
        zoom >= 0 && zoom <= 24 && Math.abs(latDeg) <= 85.0511 && Math.abs(lonDeg) <= 180
    return isPlace ? { zoom, latDeg, lonDeg } : null
}
