// Sessions and epochs as both sides live them: a board with FRAM in firmware/logic, the real broker,
// intake and ledger.

import { connectAsync } from "mqtt"
import { describe, expect, it } from "vitest"
import { SESSION_CELLS_AT } from "../../firmware/logic/nvm-layout.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { EPOCHS_AHEAD, EPOCHS_BEHIND } from "../../gateway/core/admission.js"
import { authenticate } from "../../gateway/core/ingest/open-uplink.js"
import type { Uplink } from "../../gateway/core/ingest/uplink.js"
import type { Gateway } from "../../gateway/main.js"
import { MessageType } from "../../protocol/envelope.js"
import { epochKeys, nextChainKey } from "../../protocol/keys.js"
import { BoardLink } from "../support/board-link.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { FramBoard } from "../support/fram-board.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { testGateway } from "../support/test-gateway.js"

const HOUR_S = 3600
const DAY_S = 24 * HOUR_S
const MONDAY_S = 20000 * DAY_S

async function aBoard(): Promise<{ gateway: Gateway; board: FramBoard }> {
    const gateway = await testGateway(aCase())
    const board = new FramBoard({
        deviceId: Buffer.from(DEVICE_ID, "hex"),
        chain: gateway.provision(DEVICE_ID),
        random: seededBytes(21),
    })
    board.boot()
    return { gateway, board }
}
async function drain(board: FramBoard, gateway: Gateway): Promise<void> {
    const link = new BoardLink(board, gateway.mqttPort)
    await link.drain()
    link.cut()
}
function heldBy(gateway: Gateway): Uplink[] {
    return gateway.ledger.after(0, 1000)
}
/** The bodies that the gateway can open, each under its own epoch and session. */
function bodies(gateway: Gateway, board: FramBoard): string[] {
    const keys = new Map(keysSeen.get(board))
    return heldBy(gateway).map(({ epoch, message, session }) => {
        const opened = authenticate(nodeAead, keys.get(epoch)!, message, session)
        if (opened.kind === "reject") throw new Error(opened.reason)
        return opened.type === MessageType.hello ? "hello" : opened.body.toString()
    })
}
const keysSeen = new WeakMap<FramBoard, Map<number, FramBoard["keys"]["keys"]>>()
function noteKeys(board: FramBoard): void {
    const seen = keysSeen.get(board) ?? new Map()
    keysSeen.set(board, seen.set(board.keys.keys.epoch, board.keys.keys))
}

describe("a queue kept for 72 hours without network", () => {
    it("over three epochs, five sessions and a sleep an hour drains to the last record", async () => {
        const { gateway, board } = await aBoard()
        const posted: string[] = []
        const post = (text: string) => {
            board.session.post(MessageType.telemetry, Buffer.from(text))
            posted.push(text)
        }
        board.session.noteTime(MONDAY_S + HOUR_S)
        noteKeys(board)
        await drain(board, gateway)
        for (let hour = 0; hour < 72; hour++) {
            board.boot()
            if ([13, 29, 40, 66].includes(hour)) {
                // Something has eaten the session: the next boot begins another.
                board.chip.bytes.fill(hour, SESSION_CELLS_AT, SESSION_CELLS_AT + 128)
                board.boot()
            }
            board.session.noteTime(MONDAY_S + HOUR_S * (hour + 0.5))
            noteKeys(board)
            post(`hour ${hour}`)
        }
        expect(board.keys.keys.epoch).toBe(2)
        expect(board.memory.counter).toBe(5)
        await drain(board, gateway)

        const held = heldBy(gateway)
        expect(held).toHaveLength(5 + 72)
        expect(new Set(held.map(({ session }) => session)).size).toBe(5)
        expect(new Set(held.map(({ epoch }) => epoch))).toEqual(new Set([0, 1, 2]))
        expect(
            bodies(gateway, board)
                .filter((one) => one !== "hello")
                .sort(),
        ).toEqual(posted.sort())
        expect(gateway.ledger.newestEpoch(DEVICE_ID)).toBe(2)
        expect(gateway.ledger.currentSession(DEVICE_ID)).toEqual({
            salt: board.memory.salt.toString("hex"),
            counter: 5,
        })
        expect(gateway.ledger.alarms(10)).toEqual([])
        // From here on no record carries its salt.
        post("after")
        await drain(board, gateway)
        expect(heldBy(gateway).at(-1)!.message.length).toBe("after".length + 10)
    })

    it("of a board whose whole memory was lost drains too, with its counters begun again", async () => {
        const { gateway, board } = await aBoard()
        noteKeys(board)
        for (let life = 0; life < 3; life++) {
            board.session.post(MessageType.telemetry, Buffer.from(`life ${life}`))
            await drain(board, gateway)
            board.session.post(MessageType.telemetry, Buffer.from(`life ${life}, short`))
            await drain(board, gateway)
            board.chip.bytes.fill(0)
            board.boot()
        }
        expect(bodies(gateway, board)).toHaveLength(9)
        expect(gateway.ledger.sessionsWith(DEVICE_ID, 1, 9)).toHaveLength(3)
    })
})

describe("an epoch that turns while the tracker is connected", () => {
    it("leads to a connection under the new handle, and nothing is lost or doubled", async () => {
        const { gateway, board } = await aBoard()
        const link = new BoardLink(board, gateway.mqttPort)
        board.session.noteTime(MONDAY_S)
        for (let day = 1; day <= 3; day++) {
            board.session.post(MessageType.telemetry, Buffer.from(`before ${day}`))
            const { handle } = board.keys.keys
            expect(board.session.noteTime(MONDAY_S + day * DAY_S)).toBe(true)
            link.rename()
            expect(board.keys.keys.handle).not.toBe(handle)
            board.session.post(MessageType.telemetry, Buffer.from(`after ${day}`))
            await link.drain()
            expect(gateway.ledger.newestEpoch(DEVICE_ID)).toBe(day)
        }
        link.cut()
        expect(heldBy(gateway)).toHaveLength(1 + 6)
    })
})

describe("the handles of a device", () => {
    it("are those of the epochs around the newest that is durable", async () => {
        const { gateway, board } = await aBoard()
        const handles = handlesFrom(board, EPOCHS_AHEAD + 8)
        expect(await isAdmitted(gateway, handles[0]!)).toBe(true)
        expect(await isAdmitted(gateway, handles[EPOCHS_AHEAD]!)).toBe(true)
        expect(await isAdmitted(gateway, handles[EPOCHS_AHEAD + 1]!)).toBe(false)

        for (let day = 0; day <= 5; day++) board.session.noteTime(MONDAY_S + day * DAY_S)
        board.session.post(MessageType.telemetry, Buffer.from("x"))
        // A connection alone moves nothing.
        expect(await isAdmitted(gateway, handles[5]!)).toBe(true)
        expect(await isAdmitted(gateway, handles[EPOCHS_AHEAD + 5]!)).toBe(false)
        await drain(board, gateway)
        expect(await isAdmitted(gateway, handles[5 - EPOCHS_BEHIND]!)).toBe(true)
        expect(await isAdmitted(gateway, handles[5 - EPOCHS_BEHIND - 1]!)).toBe(false)
        expect(await isAdmitted(gateway, handles[EPOCHS_AHEAD + 5]!)).toBe(true)
        expect(await isAdmitted(gateway, handles[EPOCHS_AHEAD + 6]!)).toBe(false)
    })
})

interface Credentials {
    handle: string
    password: string
}

/** Names and passwords of a board's epochs from 0 on, as its chain key gives them. */
function handlesFrom(board: FramBoard, count: number): Credentials[] {
    const { deviceId } = board.options
    const all: Credentials[] = []
    let chain = board.options.chain!
    for (let epoch = 0; epoch < count; epoch++) {
        all.push(epochKeys(nodeHkdf, chain, deviceId, epoch))
        chain = nextChainKey(nodeHkdf, chain, deviceId)
    }
    return all
}

async function isAdmitted(gateway: Gateway, { handle, password }: Credentials): Promise<boolean> {
    try {
        const client = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
            ...{ clientId: handle, username: handle, password, reconnectPeriod: 0 },
        })
        await client.endAsync(true)
        return true
    } catch {
        return false
    }
}
