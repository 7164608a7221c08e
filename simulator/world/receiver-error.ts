// What a satellite receiver reports where the truth is known. The error of a position is mostly slow:
// a first-order Gauss-Markov process of 60 to 100 s, as orbits, clocks and the air make it, under a
// little white noise. Velocity comes from Doppler, a measurement of its own. Everything is a pure
// function of seed, device and time, so any instant can be asked for without those before it.

import {
    type Deg,
    deg,
    type Metres,
    type Mps,
    metres,
    mps,
    type UnixMs,
    unixMs,
} from "../../protocol/units.js"
import { metresPerDegree, normalCourseDeg, RAD } from "./geodesy.js"
import { gaussianAt, makePrng, noiseKey, uniformAt } from "./prng.js"
import type { Truth } from "./vehicle.js"

export interface ReceiverView {
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    /** Above mean sea level. */
    altM: Metres
    speedMps: Mps
    /** [0, 360); wanders while the vehicle stands. */
    courseDeg: Deg
    /** Radius that contains the truth in at least 68 % of cases. */
    accuracyM: Metres
    satellites: number
    /** False while the sky is hidden: position and velocity are then those of its last moment. */
    fix: boolean
}

/** The character of one receiver, drawn once from seed and device. */
export interface Receiver {
    key: (quantity: string) => number
    tauS: number
    dopplerMps: number
    outagesPerHour: number
}

/** Slow error along one axis under the best sky and the worst: their radii are 2.1 m and 4.8 m. */
const bestSigmaM = 1.2
const worstSigmaM = 3.0
const whiteSigmaM = 0.5
/** Heights are known less well: satellites are never below. */
const verticalFactor = 1.7
/** A circle holds 68 % of a two-axis normal error at sqrt(-2 ln 0.32) sigma; with 5 % in hand. */
const radiusPerSigma = Math.sqrt(-2 * Math.log(1 - 0.68)) * 1.05
/** The sky over a street changes this much slower than the error itself. */
const skyTauFactor = 4
const mostSatellites = 14
const fewestSatellites = 8

/** Below about this speed the course is held and wanders, by so much, so slowly. */
const courseHoldMps = 0.5
const wanderSigmaDeg = 20
const wanderTauS = 30
/** Doppler noise across the course at least this fast; slower, the hold above has taken over. */
const leastCourseMps = 1

/** At most one outage in each slot; it ends within it. */
const outageSlotS = 600
const outageS = [8, 40] as const

/**
 * The receiver of a device in a world. `outagesPerHour`, 0 unless given and at most 6, is how often
 * it loses the sky, for 8 to 40 s each time.
 */
export function makeReceiver(
    seed: string | number,
    device: string,
    { outagesPerHour = 0 }: { outagesPerHour?: number } = {},
): Receiver {
    const most = 3600 / outageSlotS
    if (!(outagesPerHour >= 0 && outagesPerHour <= most))
        throw new Error(`outagesPerHour is ${outagesPerHour}, expected 0 to ${most}`)
    const prng = makePrng(seed).fork("receiver").fork(device)
    const keys = new Map<string, number>()
    const key = (quantity: string) => {
        const known = keys.get(quantity) ?? noiseKey(`${seed}/receiver/${device}/${quantity}`)
        keys.set(quantity, known)
        return known
    }
    return {
        key,
        tauS: prng.between(60, 100),
        dopplerMps: prng.between(0.05, 0.1),
        outagesPerHour,
    }
}

/** What the receiver reports at an instant, given a truth that can be asked about any instant. */
export function receiverView(
    receiver: Receiver,
    truthAt: (atMs: UnixMs) => Truth,
    atMs: UnixMs,
): ReceiverView {
    const lostAtMs = outageStart(receiver, atMs)
    if (lostAtMs === null) return openView(receiver, truthAt(atMs), atMs)
    const last = openView(receiver, truthAt(lostAtMs), lostAtMs)
    const unseenS = (atMs - lostAtMs) / 1000
    return {
        ...last,
        atMs,
        // The vehicle may have gone on, stopped or turned back: about as far as it was fast.
        accuracyM: metres(last.accuracyM + Math.max(last.speedMps, 1) * unseenS),
        satellites: Math.floor(4 * uniformAt(receiver.key("few satellites"), lostAtMs)),
        fix: false,
    }
}

function openView({ key, tauS, dopplerMps }: Receiver, truth: Truth, atMs: UnixMs): ReceiverView {
    const atS = atMs / 1000
    const white = (quantity: string) => gaussianAt(key(quantity), Math.round(atMs))
    // From 0 under an open sky to 1 in a narrow street, every share as likely as any other.
    const clutter = normalShare(gaussMarkovAt(key("sky"), tauS * skyTauFactor, atS))
    const slowSigmaM = bestSigmaM + (worstSigmaM - bestSigmaM) * clutter
    const errorM = (axis: string) =>
        slowSigmaM * gaussMarkovAt(key(`slow ${axis}`), tauS, atS) +
        whiteSigmaM * white(`white ${axis}`)
    const { northM, eastM } = metresPerDegree(truth.latDeg)
    const north = truth.speedMps * Math.cos(truth.courseDeg * RAD) + dopplerMps * white("north")
    const east = truth.speedMps * Math.sin(truth.courseDeg * RAD) + dopplerMps * white("east")
    const held = Math.exp(-((truth.speedMps / courseHoldMps) ** 2))
    const courseErrorDeg =
        held * wanderSigmaDeg * gaussMarkovAt(key("wander"), wanderTauS, atS) +
        ((dopplerMps / Math.max(truth.speedMps, leastCourseMps)) * white("course")) / RAD
    return {
        atMs,
        latDeg: deg(truth.latDeg + errorM("north") / northM),
        lonDeg: deg(truth.lonDeg + errorM("east") / eastM),
        altM: metres(truth.altM + verticalFactor * errorM("up")),
        speedMps: mps(Math.hypot(north, east)),
        courseDeg: normalCourseDeg(truth.courseDeg + courseErrorDeg),
        accuracyM: metres(radiusPerSigma * Math.hypot(slowSigmaM, whiteSigmaM)),
        satellites: Math.round(mostSatellites - (mostSatellites - fewestSatellites) * clutter),
        fix: true,
    }
}

/** When the outage began in which an instant falls, or null under the sky. */
function outageStart({ key, outagesPerHour }: Receiver, atMs: UnixMs): UnixMs | null {
    const slot = Math.floor(atMs / 1000 / outageSlotS)
    const draw = (i: number) => uniformAt(key("outage"), 3 * slot + i)
    if (draw(0) >= (outagesPerHour * outageSlotS) / 3600) return null
    const lengthS = outageS[0] + (outageS[1] - outageS[0]) * draw(1)
    const startMs = (slot * outageSlotS + (outageSlotS - lengthS) * draw(2)) * 1000
    return atMs >= startMs && atMs < startMs + lengthS * 1000 ? unixMs(startMs) : null
}

/** Blocks of 1024 steps, 64 to the time constant: ends 16 time constants apart know nothing of each
 * other (e^-16), and within one step the process hardly moves. */
const stepsPerTau = 64
const blockSteps = 1024

/**
 * A Gauss-Markov process of mean 0 and variance 1, autocorrelation e^(-lag/tau), at any instant.
 *
 * Between two known values such a process is again normal, its mean and variance given by them alone,
 * so halving a block ten times towards the instant draws exactly the value a walk through it would.
 */
export function gaussMarkovAt(key: number, tauS: number, atS: number): number {
    const step = (atS / tauS) * stepsPerTau
    let low = Math.floor(step / blockSteps) * blockSteps
    let high = low + blockSteps
    let lowValue = gaussianAt(key, low)
    let highValue = gaussianAt(key, high)
    while (high - low > 1) {
        const middle = (low + high) / 2
        const rho = Math.exp(-(middle - low) / stepsPerTau)
        const spread = Math.sqrt((1 - rho * rho) / (1 + rho * rho))
        const value =
            (rho / (1 + rho * rho)) * (lowValue + highValue) + spread * gaussianAt(key, middle)
        if (step < middle) {
            high = middle
            highValue = value
        } else {
            low = middle
            lowValue = value
        }
    }
    return lowValue + (highValue - lowValue) * (step - low)
}

/** The share of a standard normal below a value, by a logistic curve: within 0.01 of the true one. */
function normalShare(value: number): number {
    return 1 / (1 + Math.exp(-1.702 * value))
}
