// The drive on a board with FRAM, through what ends a session elsewhere: power that fails while a
// record is written, a network that is away, and midnight.

import { expect, it } from "vitest"
import { publishPacket } from "../../firmware/logic/mqtt.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { mandateName } from "../../gateway/core/downlink/mandate-name.js"
import { CommandKind, sealCommand } from "../../protocol/command.js"
import { ResetCause } from "../../protocol/hello.js"
import { downlinkTopic } from "../../protocol/topics.js"
import { unixMs } from "../../protocol/units.js"
import { Fram } from "../../simulator/chips/fram.js"
import type { VirtualClock } from "../../simulator/vm/clock.js"
import type { Link, LinkEvents, Network } from "../../simulator/vm/network.js"
import { aCase, DEVICE_ID, MANDATE_ID } from "../support/case.js"
import { type Drive, recordedDrive, solutionsOf } from "../support/drive.js"
import { DriveRig, driveClock, matchToDrive } from "../support/drive-rig.js"
import { batchesOf, hellosOf } from "../support/ledger-bodies.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { deviceProgram } from "../support/tracker-program.js"

const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }
const DAY_MS = 86_400_000
const DRIVE_WAIT_MS = 120_000
/** A batch waits for company this long, and longer than that nothing may be lost with the power. */
const HOLD_S = 10
/** From reset to the first fix: start of program, program hash, one poll. */
const START_S = 8

it(
    "a drive over midnight, with the power failing and the network away, loses only what was in RAM",
    async () => {
        const drive = overMidnight(recordedDrive(), 600)
        const clock = driveClock(drive)
        const gateway = await gatewayOn(clock)
        const away = new Away()
        const fram = new Fram()
        const chainKey = gateway.provision(DEVICE_ID)
        const rig = new DriveRig({
            drive,
            program: deviceProgram("firmware/tracker.devs"),
            chainKey,
            brokerPort: gateway.mqttPort,
            clock,
            fram,
            around: (network) => away.around(network),
        })
        expect(keyIn(rig, fram, chainKey)).toEqual({ flash: true, fram: false })
        await rig.driveTo(300.5)
        expect(keyIn(rig, fram, chainKey)).toEqual({ flash: false, fram: true })
        away.begin()
        await rig.driveTo(450.5)
        rig.tracker.powerOff()
        rig.tracker.powerOn()
        await rig.driveTo(700.5)
        away.end()
        await rig.driveTo(900.5)
        rig.tracker.powerOff()
        rig.tracker.powerOn()
        await rig.driveOut()
        await gateway.settled()
        // After midnight it is nowhere.
        expect(keyIn(rig, fram, chainKey)).toEqual({ flash: false, fram: false })

        const storedAt = new Set(
            matchToDrive(drive, gateway.store.fixes(DEVICE_ID)).map(({ atMs }) => atMs),
        )
        const lost = solutionsOf(drive)
            .map(({ atMs }) => (atMs - drive.fromMs) / 1000)
            .filter((second) => !storedAt.has(drive.fromMs + second * 1000))
        for (const second of lost)
            expect([450, 900].some((off) => isNear(second, off)) ? "lost in RAM" : second).toBe(
                "lost in RAM",
            )
        const uplinks = gateway.ledger.after(0, 10_000)
        expect(new Set(uplinks.map(({ session }) => session)).size).toBe(1)
        expect(new Set(uplinks.map(({ epoch }) => epoch))).toEqual(new Set([0, 1]))
        // One at first power, one for each reset that nobody planned.
        const causes = hellosOf(gateway, chainKey).map(({ resetCause }) => resetCause)
        // Others ask for the time, and tell of no reset.
        const resets = causes.filter((cause) => cause !== ResetCause.none)
        expect(resets).toEqual([ResetCause.power, ResetCause.power, ResetCause.power])
        const seqs = uplinks.map(({ seq }) => seq).sort((a, b) => a - b)
        expect(seqs).toEqual(seqs.map((_, i) => i))
        const gaps = gateway.store.gaps(DEVICE_ID, ALL_TIME)
        expect(gaps.map(({ cause }) => cause)).toEqual(["restart", "restart"])
        for (const second of lost) {
            const atMs = drive.fromMs + second * 1000
            const isShown = gaps.some(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs!)
            expect(isShown ? "shown" : second).toBe("shown")
        }
    },
    DRIVE_WAIT_MS,
)

it(
    "a queue kept through a reset, with the network away, drains to the last record and fix",
    async () => {
        const { drive, gateway, away, rig } = await framBoard()
        away.begin()
        await rig.driveTo(1000.5)
        rig.tracker.powerOff()
        rig.tracker.powerOn()
        await rig.driveTo(1100.5)
        expect(gateway.ledger.count()).toBe(0)
        away.end()
        // The wait between attempts has grown to minutes by now.
        await rig.driveTo(1700)
        rig.tracker.powerOff()
        await gateway.settled()

        const seqs = gateway.ledger.after(0, 10_000).map(({ seq }) => seq)
        expect(seqs.sort((a, b) => a - b)).toEqual(seqs.map((_, i) => i))
        const stored = matchToDrive(drive, gateway.store.fixes(DEVICE_ID))
        const lost = solutionsOf(drive).length - stored.length
        expect(lost).toBeLessThan(HOLD_S + START_S + 2)
    },
    DRIVE_WAIT_MS,
)

it(
    "a command is obeyed by the tracker's machine once, and an expired or altered one not at all",
    async () => {
        const { drive, gateway, away, rig, chainKey } = await framBoard()
        const { down, handle } = gateway.keysOf(DEVICE_ID)!
        const tell = (counter: number, holdS: number, expiresInS: number, flip = 0) => {
            const salt = Buffer.from(gateway.ledger.currentSession(DEVICE_ID)!.salt, "hex")
            const expiresAtS = Math.floor(drive.fromMs / 1000) + expiresInS
            const mandate = mandateName(MANDATE_ID)
            const message = sealCommand(nodeAead, down, salt, counter, {
                ...{ kind: "command", expiresAtS, mandate, order: CommandKind.hold },
                args: [holdS],
            })
            message[message.length - 1]! ^= flip
            away.receive(publishPacket(downlinkTopic(handle), 1, message))
        }
        const held = async () => {
            await gateway.settled()
            return [
                gateway.store.fixes(DEVICE_ID).length,
                batchesOf(gateway, chainKey).length,
            ] as const
        }
        /** Fixes that a batch has gathered, on average of the 120 s from `second` on. */
        const gatheredFrom = async (second: number) => {
            await rig.driveTo(second)
            const [fixesBefore, batchesBefore] = await held()
            await rig.driveTo(second + 120)
            const [fixes, batches] = await held()
            return (fixes - fixesBefore) / (batches - batchesBefore)
        }
        expect(await gatheredFrom(60)).toBeLessThan(12)
        // Counters above those of what the gateway itself tells, under the mandate that it has told.
        tell(50, 40, 9000)
        expect(await gatheredFrom(240)).toBeGreaterThan(12)
        tell(51, 5, 300)
        tell(51, 5, 9000, 1)
        tell(50, 5, 9000)
        expect(await gatheredFrom(440)).toBeGreaterThan(12)
        tell(51, 5, 9000)
        expect(await gatheredFrom(620)).toBeLessThan(7)
        rig.tracker.powerOff()
    },
    DRIVE_WAIT_MS,
)

/** Where the first epoch's chain key is to be found on the board. */
function keyIn({ tracker }: DriveRig, { bytes }: Fram, chainKey: Buffer) {
    const flash = tracker.flash.includes(chainKey.toString("hex"))
    return { flash, fram: Buffer.from(bytes).includes(chainKey) }
}
function isNear(second: number, off: number): boolean {
    return second > off - HOLD_S - 2 && second < off + START_S
}

/** The same drive at another time of day: midnight of UTC falls `second` seconds into it. */
function overMidnight(drive: Drive, second: number): Drive {
    const midnight = Math.ceil(drive.fromMs / DAY_MS) * DAY_MS
    const byMs = midnight - second * 1000 - drive.fromMs
    return {
        ...drive,
        samples: drive.samples.map((one) => ({ ...one, atMs: one.atMs + byMs })),
        fromMs: drive.fromMs + byMs,
        toMs: drive.toMs + byMs,
    }
}

/** It tells the time in its acks: that of the drive, or the epoch would turn by it. */
async function gatewayOn(clock: VirtualClock) {
    const world = { clock: { nowMs: () => unixMs(Math.floor(clock.nowMs)) } }
    return testGateway(aCase(), tempFolder(), quiet, world)
}

/** A board with a blank FRAM about to make the drive, with a network that can be taken away. */
async function framBoard() {
    const drive = recordedDrive()
    const clock = driveClock(drive)
    const gateway = await gatewayOn(clock)
    const away = new Away()
    const chainKey = gateway.provision(DEVICE_ID)
    const rig = new DriveRig({
        drive,
        program: deviceProgram("firmware/tracker.devs"),
        chainKey,
        brokerPort: gateway.mqttPort,
        clock,
        fram: new Fram(),
        around: (network) => away.around(network),
    })
    return { drive, gateway, away, rig, chainKey }
}

/** No network between `begin` and `end`. */
class Away {
    private isAway = false
    private newest: LinkEvents | undefined
    private links = new Set<{ link: Link; events: LinkEvents }>()

    begin(): void {
        this.isAway = true
        for (const { link, events } of this.links) {
            link.close()
            events.closed()
        }
        this.links.clear()
    }
    end(): void {
        this.isAway = false
    }
    /** The tracker's newest link gives it these bytes. */
    receive(bytes: Buffer): void {
        this.newest?.received(bytes)
    }
    around(network: Network): Network {
        return {
            open: (host, port, events) => {
                // A port on which nobody listens.
                const link = network.open(host, this.isAway ? 1 : port, events)
                this.links.add({ link, events })
                this.newest = events
                return link
            },
        }
    }
}
