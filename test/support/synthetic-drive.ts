// A seeded car drive through a town, with its truth: the twin of the recorded drives where those are
// absent. It stops at lights, turns at corners, loses its fixes in runs and for up to a minute, and
// between tall buildings its errors are large, alike from second to second, and stated too small.

import type { TrackRow } from "../../gateway/core/replay/parse-track.js"
import { type Deg, deg, type Mps, metres, mps, type UnixMs, unixMs } from "../../protocol/units.js"
import { makePrng, type Prng } from "../../simulator/world/prng.js"
import { HOME, offset, START_MS } from "./builders.js"

export interface TruthPoint {
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    speedMps: Mps
    courseDeg: Deg
}

export interface SyntheticDrive {
    /** One a second, from the first full second to `seconds` later. */
    truth: TruthPoint[]
    /** At full seconds, about 45 % of them, the first and the last included. */
    fixes: TrackRow[]
}

export function syntheticDrive(seed: number, seconds: number): SyntheticDrive {
    const prng = makePrng(seed)
    const truth = driven(prng.fork("drive"), seconds)
    return { truth, fixes: received(prng.fork("receiver"), truth) }
}

const STEPS_PER_S = 10

function driven(prng: Prng, seconds: number): TruthPoint[] {
    const truth: TruthPoint[] = []
    let [eastM, northM, speed, course] = [0, 0, 0, prng.next() * 360]
    let [wanted, untilS, turnLeft] = [0, 20, 0]
    for (let step = 0; step <= seconds * STEPS_PER_S; step++) {
        const nowS = step / STEPS_PER_S
        if (step % STEPS_PER_S === 0) {
            truth.push({
                atMs: unixMs(START_MS + nowS * 1000),
                ...offset(eastM, northM, HOME),
                speedMps: mps(speed),
                courseDeg: deg(((course % 360) + 360) % 360),
            })
        }
        if (nowS >= untilS) {
            // Four legs of ten are a wait at a light, three end in a corner: some 4 km in 20 minutes.
            const draw = prng.next()
            wanted = draw < 0.4 ? 0 : 5 + prng.next() * 7
            turnLeft = draw > 0.7 ? (prng.next() < 0.5 ? -90 : 90) : 0
            untilS = nowS + 6 + prng.next() * 20
        }
        const pace = turnLeft === 0 ? wanted : Math.min(wanted, 6)
        const change = Math.max(-2.5, Math.min(1.8, pace - speed)) / STEPS_PER_S
        speed = Math.max(0, speed + change)
        if (turnLeft !== 0 && speed > 0 && speed < 7) {
            const turn = Math.min(Math.abs(turnLeft), 20 / STEPS_PER_S) * Math.sign(turnLeft)
            course += turn
            turnLeft -= turn
        }
        const rad = (course * Math.PI) / 180
        eastM += (speed * Math.sin(rad)) / STEPS_PER_S
        northM += (speed * Math.cos(rad)) / STEPS_PER_S
    }
    return truth
}

/** Multipath keeps this long: the drives recorded in Nagoya and San Francisco show 3 to 10 s. */
const MULTIPATH_S = 6

function received(prng: Prng, truth: readonly TruthPoint[]): TrackRow[] {
    const fixes: TrackRow[] = []
    const keep = Math.exp(-1 / MULTIPATH_S)
    let [biasEast, biasNorth, isCanyon, isHeard, gapS] = [0, 0, false, true, 0]
    truth.forEach((point, index) => {
        if (prng.next() < (isCanyon ? 1 / 25 : 1 / 50)) isCanyon = !isCanyon
        const spread = (isCanyon ? 9 : 1.5) * Math.sqrt(1 - keep * keep)
        biasEast = keep * biasEast + spread * prng.gaussian()
        biasNorth = keep * biasNorth + spread * prng.gaussian()
        if (gapS > 0) gapS--
        else if (prng.next() < 1 / 300) gapS = 20 + Math.floor(prng.next() * 45)
        isHeard = isHeard ? prng.next() > 0.3 : prng.next() < 0.32
        const isEnd = index === 0 || index === truth.length - 1
        if (!isEnd && (gapS > 0 || !isHeard)) return

        const noise = isCanyon ? 0.6 : 0.1
        const rad = (point.courseDeg * Math.PI) / 180
        const east = point.speedMps * Math.sin(rad) + noise * prng.gaussian()
        const north = point.speedMps * Math.cos(rad) + noise * prng.gaussian()
        const place = offset(biasEast + prng.gaussian(), biasNorth + prng.gaussian(), point)
        fixes.push({
            atMs: point.atMs,
            ...place,
            altitudeM: metres(460),
            speedMps: mps(Math.hypot(east, north)),
            courseDeg: deg(((Math.atan2(east, north) * 180) / Math.PI + 360) % 360),
            hdopOrAccuracyM: (isCanyon ? 8 : 4) + 2 * prng.next(),
            satellites: isCanyon ? 7 : 14,
        })
    })
    return fixes
}
