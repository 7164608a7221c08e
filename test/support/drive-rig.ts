// A tracker that makes a drive in virtual time, against a gateway on real TCP.

import { randomBytes } from "node:crypto"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import type { StoredFix } from "../../gateway/adapters/store/sqlite-store.js"
import type { Fram } from "../../simulator/chips/fram.js"
import type { NavSolution } from "../../simulator/chips/ubx-frame.js"
import { SimulatedTracker } from "../../simulator/fleet/simulated-tracker.js"
import { trackSky } from "../../simulator/fleet/track-sky.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import type { Network } from "../../simulator/vm/network.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { metresPerDegree } from "../../simulator/world/geodesy.js"
import { DEVICE_ID } from "./case.js"
import { type Drive, solutionsOf } from "./drive.js"

/** The tracker is switched on so long before the drive that its receiver is configured by then. */
const LEAD_MS = 10_000
/** An exception that nobody caught, or too many steps without a rest. */
const PROGRAM_STOPPED = /^! Exception|^panic /
/** Longer than the longest hold, so that the last batch has gone out. */
const TAIL_MS = 60_000

export interface RigOptions {
    drive: Drive
    program: Buffer
    chainKey: Buffer
    brokerPort: number
    /** Of `driveClock`, where the gateway is on it as well. */
    clock?: VirtualClock
    fram?: Fram
    /** Puts something between the tracker and TCP. */
    around?: (network: TcpNetwork) => Network
    /** What else must be over before virtual time moves on. */
    holdClock?: () => Promise<void> | undefined
}

/** The time of the drive, a little before it begins. */
export function driveClock(drive: Drive): VirtualClock {
    return new VirtualClock(drive.fromMs - LEAD_MS)
}

export class DriveRig {
    readonly tracker: SimulatedTracker
    private readonly stops: string[] = []
    private readonly clock: VirtualClock
    private readonly network: TcpNetwork

    constructor(private readonly options: RigOptions) {
        const { drive, program, chainKey, brokerPort, fram } = options
        this.clock = options.clock ?? driveClock(drive)
        this.network = new TcpNetwork(this.clock)
        const brokerHost = "127.0.0.1"
        this.tracker = new SimulatedTracker({
            clock: this.clock,
            network: options.around?.(this.network) ?? this.network,
            program,
            provisioned: {
                ...{ deviceId: DEVICE_ID, chainKey, brokerHost, brokerPort, holdMs: 10_000 },
                // It keeps and sends every fix, so that none can be missing unnoticed.
                more: { profile: ProfileNumber.bench },
            },
            source: trackSky(drive.samples),
            randomBytes,
            onLog: (line) => {
                if (PROGRAM_STOPPED.test(line)) this.stops.push(line)
            },
            ...(fram ? { fram } : {}),
        })
        this.tracker.powerOn()
    }

    /** Runs until `seconds` into the drive. */
    async driveTo(seconds: number): Promise<void> {
        await this.runUntil(this.options.drive.fromMs + seconds * 1000)
    }
    /** Runs past the end of the drive, until everything must have been sent. */
    async driveOut(): Promise<void> {
        await this.runUntil(this.options.drive.toMs + TAIL_MS)
        this.tracker.powerOff()
        if (this.stops.length > 0) throw new Error(`the program stopped: ${this.stops.join(", ")}`)
    }
    private async runUntil(untilMs: number): Promise<void> {
        const { holdClock } = this.options
        await this.clock.runUntil(untilMs, () => holdClock?.() ?? this.network.settle())
    }
}

/** A solution beside what the store made of it: which columns are off by more than the quantum. */
export function columnsOff(solution: NavSolution, stored: StoredFix): string[] {
    const isNear = (value: number, quantum: number, raw: number) =>
        Math.abs(value * quantum - raw) <= quantum / 2
    const turnE5 = 360 * 1e5
    const courseE5 = stored.courseDeg === 0 && solution.courseE5 > turnE5 / 2 ? turnE5 : 0
    const accuracyMm = stored.accuracyDm * 100
    const checks: Record<string, boolean> = {
        time: stored.timeDs * 100 === solution.atMs,
        latitude: isNear(stored.latUdeg, 10, solution.latE7),
        longitude: isNear(stored.lonUdeg, 10, solution.lonE7),
        altitude: isNear(stored.altM, 1000, solution.altMm),
        speed: isNear(stored.speedDmps, 100, solution.speedMms),
        course: isNear(stored.courseDeg + courseE5 / 1e5, 1e5, solution.courseE5),
        accuracy: accuracyMm >= solution.accuracyMm && accuracyMm < solution.accuracyMm + 100,
        satellites: stored.satellites === solution.satellites,
    }
    return Object.keys(checks).filter((name) => !checks[name])
}

/** Where it came to rest is told a tenth after the second of the fix by which the stop was known. */
const REST_DS = 1
/** The mean of a stop lies so near to the last fix there, in metres. */
const REST_NEAR_M = 30

/**
 * The solutions of a drive that the store holds, each once and to its quantum; throws otherwise. The
 * places where it came to rest are means, not solutions: each has to lie near the fix before it.
 */
export function matchToDrive(drive: Drive, fixes: readonly StoredFix[]): NavSolution[] {
    const byTime = new Map(solutionsOf(drive).map((solution) => [solution.atMs, solution]))
    const measured = fixes.filter(({ timeDs }) => timeDs % 10 !== REST_DS)
    for (const [i, fix] of fixes.entries()) {
        if (measured.includes(fix)) continue
        const farM = i === 0 ? Infinity : distanceM(fixes[i - 1]!, fix)
        if (fix.speedDmps !== 0 || farM > REST_NEAR_M)
            throw new Error(`no place of rest: fix at ${fix.timeDs}, ${farM} m from the one before`)
    }
    return measured.map((fix) => {
        const solution = byTime.get(fix.timeDs * 100)
        if (!solution) throw new Error(`stored twice or never sent: fix at ${fix.timeDs}`)
        byTime.delete(solution.atMs)
        const off = columnsOff(solution, fix)
        if (off.length > 0)
            throw new Error(`fix at ${fix.timeDs}: ${off.join(", ")} not to quantum`)
        return solution
    })
}

function distanceM(from: StoredFix, to: StoredFix): number {
    const { northM, eastM } = metresPerDegree(to.latUdeg / 1e6)
    const north = ((to.latUdeg - from.latUdeg) / 1e6) * northM
    return Math.hypot(north, ((to.lonUdeg - from.lonUdeg) / 1e6) * eastM)
}
