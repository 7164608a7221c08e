// What the self-test does to a part, where watching what the tracker senses anyway is not enough.

import { SelfTestPart } from "../../protocol/event.js"
import type { Reject } from "../../protocol/reject.js"
import type { Nvm } from "./nvm.js"
import { testMemory } from "./self-test-memory.js"

/** What nobody but the self-test asks of the board. */
export interface BenchPart {
    /** The accelerometer's own test, for half a second. Undefined when it passed, else what is wrong. */
    testMotion(): Promise<Reject | undefined>
    /** Of the network joined, in dBm; NO_SIGNAL_DBM or less where that is not known. */
    signalDbm(): Promise<number>
}

/** How a part took it. */
export interface PartTest {
    /** A SelfTestPart. */
    part: number
    isGood: boolean
    /** What was measured or what is wrong, as the line on the console has it; empty for nothing. */
    detail: string
}

const NO_SIGNAL_DBM = -128

/** Tests a part. Throws where the part does; the loop takes that for a part that fails. */
export async function testPart(
    part: number,
    bench: BenchPart | undefined,
    nvm: Nvm | undefined,
): Promise<PartTest> {
    if (part === SelfTestPart.memory && nvm !== undefined) {
        const fault = testMemory(nvm)
        return outcome(part, fault, `bytes=${nvm.size}`)
    }
    if (part === SelfTestPart.accelerometer && bench !== undefined) {
        const fault = await bench.testMotion()
        return outcome(part, fault === undefined ? undefined : fault.reason, "moved")
    }
    if (part === SelfTestPart.network && bench !== undefined) {
        const dbm = await bench.signalDbm()
        return outcome(part, undefined, dbm > NO_SIGNAL_DBM ? `dbm=${dbm}` : "joined")
    }
    return outcome(part, undefined, part === SelfTestPart.network ? "joined" : "answers")
}

/** A test that an exception has ended. */
export function failedTest(part: number, reason: string): PartTest {
    return outcome(part, reason, "")
}

function outcome(part: number, fault: string | undefined, detail: string): PartTest {
    if (fault !== undefined) return { part: part, isGood: false, detail: fault }
    return { part: part, isGood: true, detail: detail }
}
