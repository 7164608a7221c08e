// A tracker's slow decisions put together in a made-up world, on Node: motion, search, heartbeat and
// schedule, with the charge that they cost by the energy model's currents.

import {
    floorUa,
    MCU_AWAKE_UA,
    RADIO_JOIN_UAS,
    RADIO_ON_UA,
    RECEIVER_SEARCH_UA,
    UAS_PER_MAH,
} from "../../firmware/logic/energy-model.js"
import {
    heartbeatAtS,
    newHeartbeat,
    uploadAtS,
    windowEnded,
} from "../../firmware/logic/heartbeat.js"
import { stepMotion } from "../../firmware/logic/motion.js"
import type { MotionFix, Place } from "../../firmware/logic/motion-anchor.js"
import { MotionPhase, newMotion } from "../../firmware/logic/motion-memory.js"
import type { MotionStep } from "../../firmware/logic/motion-step.js"
import type { Profile } from "../../firmware/logic/profile.js"
import { newWakeBudget, nextWake, takeWake } from "../../firmware/logic/schedule.js"
import {
    liftSearch,
    maySearch,
    searchAtS,
    searchEnded,
    stepSearch,
} from "../../firmware/logic/search.js"
import { newSearch } from "../../firmware/logic/search-memory.js"
import { startClassOf, verdict } from "../../firmware/logic/search-time.js"
import { eastMPerUdeg, northMPerUdeg } from "../../firmware/logic/thin/ellipsoid.js"
import { makePrng } from "../../simulator/world/prng.js"

/** Open: a fix comes when it should. The others never give one, and sound alike, worse or better. */
export type Sky = "open" | "none" | "weak" | "teasing"

export interface World {
    seed: number
    days: number
    profile: Profile
    canWake: boolean
    accelerometer: "good" | "none" | "always-fires" | "never-fires"
    /** When it shakes: from, to, in device seconds, in order. */
    shakes: readonly (readonly [number, number])[]
    sky: (atS: number) => Sky
    /** Where it is, in metres from its origin, and how fast. */
    truth: (atS: number) => { northM: number; eastM: number; speedMps: number }
    /** One sigma of the scatter of a fix. */
    scatterM: number
}

export interface Life {
    events: { atS: number; change: "start" | "stop"; place: Place | undefined }[]
    kept: { atS: number; fix: MotionFix }[]
    faults: { atS: number; fault: string }[]
    fixes: number
    wakes: number
    windows: number
    vainSearchS: number
    chargeMah: number
}

export const ORIGIN = { latUdeg: 47141000, lonUdeg: 9520000 }
/** Loader 0.35 s, the runtime's fixed 1.16 s, and what a look takes. */
const BOOT_S = 1.8
/** The radio comes on by itself after this long awake. */
const RADIO_FROM_S = 2.05
const WINDOW_S = 5
const TTFF_S = { hot: [2, 6], warm: [22, 34], cold: [28, 45] } as const
const DAY_S = 86400

/** A still world under open sky, which a test makes worse. */
export function aWorld(change: Partial<World> & Pick<World, "profile">): World {
    return {
        seed: 1,
        days: 7,
        canWake: false,
        accelerometer: "good",
        shakes: [],
        sky: () => "open",
        truth: () => ({ northM: 0, eastM: 0, speedMps: 0 }),
        scatterM: 4,
        ...change,
    }
}

export function live(world: World): Life {
    const { profile } = world
    const prng = makePrng(world.seed)
    const life: Life = {
        events: [],
        kept: [],
        faults: [],
        fixes: 0,
        wakes: 0,
        windows: 0,
        vainSearchS: 0,
        chargeMah: 0,
    }
    let motion = newMotion()
    let search = newSearch()
    let heartbeat = newHeartbeat()
    let budget = newWakeBudget()
    let [readAtS, keptAtS, eventAtS] = [0, -1, -1]
    let [awakeUas, atS] = [0, 0]
    const endS = world.days * DAY_S

    const step = (fix: MotionFix | undefined, isSearched: boolean): MotionStep => {
        const isLatched =
            world.accelerometer === "always-fires" ||
            (world.accelerometer === "good" && isShaken(world.shakes, readAtS, atS))
        const hasAccelerometer = world.accelerometer !== "none"
        const { canWake } = world
        const input = { atS, hasAccelerometer, isLatched, canWake, isSearched, fix }
        const done = stepMotion(motion, input, profile)
        motion = done.motion
        readAtS = atS
        if (done.change !== "none") {
            life.events.push({ atS, change: done.change, place: done.place })
            eventAtS = atS
        }
        if (done.change === "start") search = liftSearch(search, atS)
        if (done.fault !== "none") life.faults.push({ atS, fault: done.fault })
        if (fix !== undefined && done.isKept) {
            life.kept.push({ atS, fix })
            if (keptAtS < 0) keptAtS = atS
        }
        return done
    }

    while (atS < endS) {
        life.wakes++
        if (!profile.staysAwake) budget = takeWake(budget, atS)
        let awakeS = profile.staysAwake ? 0 : BOOT_S
        let done = step(undefined, false)
        let isMoving = motion.phase === MotionPhase.moving
        search = stepSearch(search, { atS, isMoving }, profile)
        if (done.needsFix && maySearch(search, atS, profile)) {
            const result = searchIn(world, search, atS, prng.next())
            awakeS += result.tookS
            awakeUas += RECEIVER_SEARCH_UA * result.tookS
            atS += Math.ceil(result.tookS)
            if (result.isFix) life.fixes++
            else life.vainSearchS += result.tookS
            const { start, heard, isFix } = result
            search = searchEnded(search, { atS, start, isMoving, isFix, heard }, profile)
            done = step(isFix ? fixAt(world, atS, prng) : undefined, true)
        } else if (done.needsFix) done = step(undefined, true)
        isMoving = motion.phase === MotionPhase.moving
        const waiting = { fixAtS: keptAtS, eventAtS }
        const uploadDueS = uploadAtS(heartbeat, waiting, profile)
        if (heartbeatAtS(heartbeat, profile) <= atS || (uploadDueS >= 0 && uploadDueS <= atS)) {
            life.windows++
            awakeS += profile.staysAwake ? 0 : WINDOW_S
            awakeUas += profile.staysAwake ? 0 : RADIO_JOIN_UAS
            heartbeat = windowEnded(heartbeat, atS, true)
            ;[keptAtS, eventAtS] = [-1, -1]
        }
        const dues = {
            heartbeatAtS: heartbeatAtS(heartbeat, profile),
            uploadAtS: uploadAtS(heartbeat, { fixAtS: keptAtS, eventAtS }, profile),
            lookAtS: done.nextAtS,
            searchAtS: done.needsFix ? searchAtS(search, { atS, isMoving }, profile) : -1,
            scanAtS: -1,
            rebootAtS: -1,
        }
        let sleepS = nextWake(atS, dues, budget).sleepMs / 1000
        if (done.wakesOnMotion) sleepS = Math.min(sleepS, nextShakeS(world.shakes, atS) - atS)
        const radioS = Math.max(awakeS - RADIO_FROM_S, 0)
        awakeUas += profile.staysAwake
            ? (MCU_AWAKE_UA + RADIO_ON_UA) * (awakeS + sleepS)
            : MCU_AWAKE_UA * awakeS + RADIO_ON_UA * radioS
        atS += Math.ceil(sleepS)
    }
    life.chargeMah = (awakeUas + floorUa() * atS) / UAS_PER_MAH
    return life
}

/** Runs one search, second by second, as the discipline lets it. */
function searchIn(world: World, search: ReturnType<typeof newSearch>, atS: number, draw: number) {
    const start = startClassOf(search, atS, false)
    const [least, most] = [TTFF_S.hot, TTFF_S.warm, TTFF_S.cold][start]!
    const fixInS = least + (most - least) * draw
    for (let tookS = 1; ; tookS++) {
        const heard = { tookMs: tookS * 1000, ...signalOf(world.sky(atS + tookS), tookS) }
        const isFix = world.sky(atS + tookS) === "open" && tookS >= fixInS
        const isOver = verdict(search, start, heard, world.profile.searchCapS) !== "on"
        if (isFix || isOver) return { tookS, isFix, start, heard }
    }
}

function signalOf(sky: Sky, tookS: number): { heard: number; fourthCn0: number } {
    if (sky === "none" || tookS < 2) return { heard: 0, fourthCn0: 0 }
    if (sky === "weak") return { heard: 2, fourthCn0: 0 }
    return { heard: 9, fourthCn0: 34 }
}

function fixAt(world: World, atS: number, prng: ReturnType<typeof makePrng>): MotionFix {
    const { northM, eastM, speedMps } = world.truth(atS)
    const north = northM + prng.gaussian() * world.scatterM
    const east = eastM + prng.gaussian() * world.scatterM
    return {
        latUdeg: Math.round(ORIGIN.latUdeg + north / northMPerUdeg(ORIGIN.latUdeg)),
        lonUdeg: Math.round(ORIGIN.lonUdeg + east / eastMPerUdeg(ORIGIN.latUdeg)),
        accuracyDm: Math.round(world.scatterM * 15.1),
        speedDmps: Math.round(Math.abs(speedMps + prng.gaussian() * 0.2) * 10),
    }
}

function isShaken(shakes: World["shakes"], fromS: number, toS: number): boolean {
    return shakes.some(([begin, end]) => begin <= toS && end >= fromS)
}

function nextShakeS(shakes: World["shakes"], atS: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const [begin, end] of shakes)
        if (end > atS) next = Math.min(next, Math.max(begin, atS + 1))
    return next
}
