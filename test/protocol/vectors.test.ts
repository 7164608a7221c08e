import { decode } from "cbor-x"
import { describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { ACKS, BATCHES, COMMANDS, HELLOS, KEYS, RELAYS, SEALS } from "../../protocol/vectors.js"
import { vectorResults } from "../device/runs/vectors-run.js"
import { runOnDevice } from "../support/device-run.js"

/** The lines that the vectors ask for. */
function golden(): string[] {
    const hex = (text: string) => text.replaceAll(" ", "")
    const bodies = (kind: string, vectors: { name: string; body: string }[]) =>
        vectors.flatMap(({ name, body }) => [
            `${kind} ${name}: ${hex(body)}`,
            `${kind} ${name}, read and written again: ${hex(body)}`,
        ])
    return [
        ...bodies("batch", BATCHES),
        ...bodies("hello", HELLOS),
        ...bodies("ack", ACKS),
        ...SEALS.flatMap(({ name, message, body }) => [
            `seal ${name}: ${message}`,
            `seal ${name}, opened: ${body}`,
            `seal ${name}, damaged: refused`,
        ]),
        ...COMMANDS.flatMap(({ name, counter, body, message }) => [
            `command ${name}: ${hex(body)}`,
            `command ${name}, read and written again: ${hex(body)}`,
            `command ${name}, sealed: ${message}`,
            `command ${name}, opened: ${counter}`,
        ]),
        ...RELAYS.flatMap(({ name, epochsBack, session, record, message }) => [
            `relay ${name}: ${hex(message)}`,
            `relay ${name}, taken apart: ${epochsBack} ${session} ${record}`,
        ]),
        ...KEYS.flatMap(({ chain, up, down, handle, password }) => [
            `chain: ${chain}`,
            `up: ${up}`,
            `down: ${down}`,
            `handle: ${handle}`,
            `password: ${password}`,
        ]),
    ]
}

describe("the golden frames", () => {
    it("come out byte for byte on Node", () => {
        expect(vectorResults(nodeAead, nodeHkdf)).toEqual(golden())
    })

    it("come out byte for byte on the tracker's machine", async () => {
        const { said, complaints } = await runOnDevice("vectors", 5)
        expect(complaints).toEqual([])
        expect(said.map(({ text }) => text)).toEqual([...golden(), "."])
    })

    it("are read by any CBOR library", () => {
        const [first] = BATCHES[1]!.value.fixes
        const body = Buffer.from(BATCHES[1]!.body.replaceAll(" ", ""), "hex")
        const value = decode(body) as Record<number, unknown>
        expect(value[1]).toBe(300)
        expect((value[3] as number[]).map(Number)).toEqual([
            ...[first!.timeDs, first!.latUdeg, first!.lonUdeg, first!.altM],
            ...[first!.speedDmps, first!.courseDeg, first!.accuracyDm, first!.satellites],
        ])
    })
})
