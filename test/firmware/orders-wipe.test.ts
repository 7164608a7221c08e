import { describe, expect, it } from "vitest"
import { KeyStore } from "../../firmware/logic/key-store.js"
import type { Nvm } from "../../firmware/logic/nvm.js"
import * as layout from "../../firmware/logic/nvm-layout.js"
import { newOrders } from "../../firmware/logic/orders.js"
import { isWipeDue, isWiping, WIPE_MARKER_AT, Wipe } from "../../firmware/logic/wipe.js"
import { nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { MessageType } from "../../protocol/envelope.js"
import { cases } from "../support/cases.js"
import { ChipNvm, FramBoard, sha256 } from "../support/fram-board.js"
import { seededBytes } from "../support/seeded-bytes.js"

const DEVICE_ID = Buffer.from("00112233445566aa", "hex")

function aBoard(): { board: FramBoard; nvm: ChipNvm } {
    const board = new FramBoard({
        deviceId: DEVICE_ID,
        chain: Buffer.alloc(32, 0x5c),
        random: seededBytes(3),
    })
    board.boot()
    for (let i = 0; i < 20; i++) board.session.post(MessageType.event, Buffer.alloc(40, i))
    return { board, nvm: new ChipNvm(board.chip, 32768) }
}
function wipeAll(nvm: Nvm): boolean {
    const wipe = new Wipe(nvm)
    if (!wipe.begin()) return false
    while (wipe.step());
    return wipe.finish()
}

describe("a wipe", () => {
    it("leaves nothing in the memory, and a device without a key", () => {
        const { board, nvm } = aBoard()
        expect(isWiping(nvm)).toBe(false)
        expect(wipeAll(nvm)).toBe(true)
        expect(Buffer.from(board.chip.bytes).equals(Buffer.alloc(32768))).toBe(true)
        expect(isWiping(nvm)).toBe(false)
        expect(() => new KeyStore(nvm, sha256, nodeHkdf, DEVICE_ID, undefined)).toThrow(
            "provisioned anew",
        )
    })

    it("is carried on at the next boot wherever the power fails, keys first", () => {
        const step = cases(1201, 13)
        let [untouched, begun] = [0, 0]
        for (let at = 0; ; at += step) {
            const { board, nvm } = aBoard()
            const before = Buffer.from(board.chip.bytes)
            const isCut = board.cutAfter(at, () => void wipeAll(nvm))
            const after = Buffer.from(board.chip.bytes)
            if (!isCut) break
            if (isWiping(nvm)) begun++
            else if (at < 8) {
                // The marker is not whole: nothing else has changed.
                untouched++
                before.copy(after, WIPE_MARKER_AT, WIPE_MARKER_AT, WIPE_MARKER_AT + 8)
                expect(after.equals(before)).toBe(true)
                continue
            } else {
                // Only the marker itself was being taken away.
                after.fill(0, WIPE_MARKER_AT, WIPE_MARKER_AT + 8)
                expect(after.equals(Buffer.alloc(32768))).toBe(true)
                continue
            }
            if (at >= 8 + 256) expect(after.subarray(0, 256).equals(Buffer.alloc(256))).toBe(true)
            expect(wipeAll(nvm)).toBe(true)
            expect(Buffer.from(board.chip.bytes).equals(Buffer.alloc(32768))).toBe(true)
        }
        expect(untouched).toBeGreaterThan(0)
        expect(begun).toBeGreaterThan(20)
    })

    it("is not over while a byte keeps what it held", () => {
        const { board, nvm } = aBoard()
        const stuck: Nvm = {
            size: nvm.size,
            read: (at, count) => nvm.read(at, count),
            write: (at, bytes) => {
                nvm.write(at, bytes)
                board.chip.bytes[5] = 0x77
            },
        }
        const wipe = new Wipe(stuck)
        expect(wipe.begin()).toBe(true)
        while (wipe.step());
        expect(wipe.unwiped).toBe(64)
        expect(wipe.finish()).toBe(false)
        expect(isWiping(nvm)).toBe(true)
    })

    it("sets no marker where something else lies", () => {
        const { SEED_POOL_AT, SEED_POOL_BYTES, STATE_CELLS_AT } = layout
        expect(WIPE_MARKER_AT).toBeGreaterThanOrEqual(SEED_POOL_AT + SEED_POOL_BYTES)
        expect(WIPE_MARKER_AT + 8).toBeLessThanOrEqual(STATE_CELLS_AT)
    })
})

describe("the time of a wipe", () => {
    const ordered = { ...newOrders(), wipeByS: 700 }

    it("is once its answer is held, or at the latest when it was waited for long enough", () => {
        const { board } = aBoard()
        const { outbox, session } = board
        expect(isWipeDue(newOrders(), outbox, 9999)).toBe(false)
        const seq = session.post(MessageType.response, Buffer.alloc(9))
        expect(isWipeDue(ordered, outbox, 699)).toBe(false)
        expect(isWipeDue(ordered, outbox, 700)).toBe(true)
        const ack = { kind: "ack" as const, epoch: 0, session: 1, seq, earlier: 0 }
        outbox.release({ ...ack, isBaseUnknown: false })
        expect(outbox.count()).toBeGreaterThan(10)
        expect(isWipeDue(ordered, outbox, 100)).toBe(true)
    })
})
