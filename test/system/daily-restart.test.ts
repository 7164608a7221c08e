// The runtime's timers stop after 49.7 days, so the tracker starts anew each day: on a board with FRAM
// nobody must notice. A day of bytecode that never sleeps takes some minutes: under soak only.

import { randomBytes } from "node:crypto"
import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { ResetCause } from "../../protocol/hello.js"
import { unixMs } from "../../protocol/units.js"
import { Fram } from "../../simulator/chips/fram.js"
import { SimulatedTracker } from "../../simulator/fleet/simulated-tracker.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { aSolution, START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { hellosOf } from "../support/ledger-bodies.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { deviceProgram } from "../support/tracker-program.js"

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const WAIT_MS = 900_000

it.runIf(process.env.BURR_SOAK)(
    "a tracker that has run for a day starts anew in its session, and no fix is lost or doubled",
    async () => {
        const clock = new VirtualClock(START_MS)
        const world = { clock: { nowMs: () => unixMs(Math.floor(clock.nowMs)) } }
        const gateway = await testGateway(aCase(), tempFolder(), quiet, world)
        const chainKey = gateway.provision(DEVICE_ID)
        const network = new TcpNetwork(clock)
        const stops: string[] = []
        const seen: number[] = []
        // A fix a minute, so that a day is soon over; none while a start is due.
        const source = (atMs: number) => {
            const uptimeMs = atMs - START_MS
            if (atMs % MINUTE_MS !== 0 || uptimeMs < MINUTE_MS) return undefined
            if (Math.abs(uptimeMs - 24 * HOUR_MS) < MINUTE_MS) return undefined
            seen.push(atMs / 100)
            return aSolution(atMs)
        }
        const tracker = new SimulatedTracker({
            clock,
            network,
            program: deviceProgram("firmware/tracker.devs"),
            provisioned: {
                deviceId: DEVICE_ID,
                chainKey,
                brokerHost: "127.0.0.1",
                brokerPort: gateway.mqttPort,
                holdMs: 10_000,
                more: { profile: ProfileNumber.bench },
            },
            source,
            fram: new Fram(),
            randomBytes,
            onLog: (line) => {
                if (/^! Exception|^panic /.test(line)) stops.push(line)
            },
        })
        tracker.powerOn()
        await clock.runUntil(START_MS + 24.2 * HOUR_MS, () => network.settle())
        tracker.powerOff()
        await gateway.settled()

        expect(stops).toEqual([])
        expect([tracker.boots, tracker.bootCause]).toEqual([2, "reboot"])
        const uplinks = gateway.ledger.after(0, 10_000)
        // Others ask for the time, and tell of no reset.
        const causes = hellosOf(gateway, chainKey).map(({ resetCause }) => resetCause)
        expect(causes.filter((cause) => cause !== ResetCause.none)).toEqual([ResetCause.power])
        expect(new Set(uplinks.map(({ session }) => session)).size).toBe(1)
        const stored = gateway.store.fixes(DEVICE_ID).map(({ timeDs }) => timeDs)
        expect(stored).toEqual(seen.slice(0, stored.length))
        // The last one may still wait for company.
        expect(seen.length - stored.length).toBeLessThanOrEqual(1)
        const allTime = { fromMs: unixMs(0), toMs: unixMs(4e12) }
        expect(gateway.store.gaps(DEVICE_ID, allTime)).toEqual([])
    },
    WAIT_MS,
)
