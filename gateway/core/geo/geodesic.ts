// The shortest line between two positions on the ellipsoid: its length and the course it sets out on.
//
// T. Vincenty, "Direct and inverse solutions of geodesics on the ellipsoid", Survey Review 23 (1975),
// equations (3) to (20). Within 1 mm and 1e-6 degrees up to 19,000 km; between nearly opposite points the
// iteration need not converge, and after ITERATIONS_MAX the last value stands, off by up to 0.3 %.

import { type Deg, deg, type Metres, metres } from "../../../protocol/units.js"
import {
    EQUATOR_RADIUS_M as A,
    POLAR_RADIUS_M as B,
    DEGREE,
    FLATTENING,
    wrapLongitude,
} from "./ellipsoid.js"
import type { Position } from "./position.js"

const ITERATIONS_MAX = 20
/** Radians of longitude on the auxiliary sphere: 6 µm on the ground. */
const CONVERGED_RAD = 1e-12

/** Length of the geodesic, in metres. */
export function distanceM(from: Position, to: Position): Metres {
    return metres(inverse(from, to).lengthM)
}

/** Course of the geodesic as it leaves `from`, in [0, 360); 0 where the two positions are one. */
export function bearingDeg(from: Position, to: Position): Deg {
    return deg((inverse(from, to).azimuthRad / DEGREE + 360) % 360)
}

/** What the iteration settles: the arc between the positions on the auxiliary sphere. */
interface Arc {
    /** Azimuth at the start, as its sine and cosine times sin σ. */
    across: number
    along: number
    sigma: number
    sinSigma: number
    cosSigma: number
    sinAlpha: number
    cosSqAlpha: number
    cos2SigmaM: number
}

function inverse(from: Position, to: Position): { lengthM: number; azimuthRad: number } {
    const u1 = reducedLatitude(from)
    const u2 = reducedLatitude(to)
    const lonRad = wrapLongitude(to.lonDeg - from.lonDeg) * DEGREE
    let lambda = lonRad
    for (let iteration = 0; ; iteration++) {
        const arc = arcBetween(u1, u2, lambda)
        if (arc.sinSigma === 0) return { lengthM: 0, azimuthRad: 0 }
        const next = lonRad + longitudeExcess(arc)
        if (Math.abs(next - lambda) < CONVERGED_RAD || iteration === ITERATIONS_MAX) {
            return { lengthM: lengthM(arc), azimuthRad: Math.atan2(arc.across, arc.along) }
        }
        // Past π the iteration has left the shorter side of the globe: keep it there.
        lambda = Math.max(-Math.PI, Math.min(Math.PI, next))
    }
}

function reducedLatitude({ latDeg }: Position): number {
    return Math.atan((1 - FLATTENING) * Math.tan(latDeg * DEGREE))
}

/** Equations (14) to (18). */
function arcBetween(u1: number, u2: number, lambda: number): Arc {
    const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)]
    const across = cosU2 * Math.sin(lambda)
    // This is cos U1 sin U2 − sin U1 cos U2 cos λ, written so that it keeps its digits where the
    // positions are close.
    const along = Math.sin(u2 - u1) + 2 * sinU1 * cosU2 * Math.sin(lambda / 2) ** 2
    const sinSigma = Math.hypot(across, along)
    const cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * Math.cos(lambda)
    const sinAlpha = sinSigma === 0 ? 0 : (cosU1 * across) / sinSigma
    const cosSqAlpha = 1 - sinAlpha * sinAlpha
    // Along the equator cos²α is 0, and so is every term this one enters.
    const cos2SigmaM = cosSqAlpha < 1e-12 ? 0 : cosSigma - (2 * sinU1 * sinU2) / cosSqAlpha
    const sigma = Math.atan2(sinSigma, cosSigma)
    return { across, along, sigma, sinSigma, cosSigma, sinAlpha, cosSqAlpha, cos2SigmaM }
}

/** Equations (10) and (11): by how much λ on the sphere exceeds the longitude difference. */
function longitudeExcess(arc: Arc): number {
    const { sigma, sinSigma, cosSigma, sinAlpha, cosSqAlpha, cos2SigmaM } = arc
    const c = (FLATTENING / 16) * cosSqAlpha * (4 + FLATTENING * (4 - 3 * cosSqAlpha))
    const inner = cos2SigmaM + c * cosSigma * (2 * cos2SigmaM ** 2 - 1)
    return (1 - c) * FLATTENING * sinAlpha * (sigma + c * sinSigma * inner)
}

/** Equations (3), (4), (6) and (19). */
function lengthM({ sigma, sinSigma, cosSigma, cosSqAlpha, cos2SigmaM }: Arc): number {
    const uSq = (cosSqAlpha * (A * A - B * B)) / (B * B)
    const a = 1 + (uSq / 16384) * (4096 + uSq * (-768 + uSq * (320 - 175 * uSq)))
    const b = (uSq / 1024) * (256 + uSq * (-128 + uSq * (74 - 47 * uSq)))
    const inner =
        cosSigma * (2 * cos2SigmaM ** 2 - 1) -
        (b / 6) * cos2SigmaM * (4 * sinSigma * sinSigma - 3) * (4 * cos2SigmaM ** 2 - 3)
    return B * a * (sigma - b * sinSigma * (cos2SigmaM + (b / 4) * inner))
}
