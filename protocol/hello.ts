// The hello opens a session: who speaks, what it runs, and why it began.

import { CborReader, CborWriter } from "./cbor.js"
import { type Reject, reject } from "./reject.js"

export enum ResetCause {
    unknown = 0,
    /** The chip began anew: power was applied, or reset was pulled. */
    power = 1,
    /** The runtime started the program again after it had stopped. */
    program = 2,
    /** None: the device goes on as it was, and asks for the time [P-E35]. */
    none = 3,
}

export interface Hello {
    kind: "hello"
    /** Counts sessions across boots where FRAM keeps it; 0 on a board without. */
    session: number
    /** SHA-256 of the program, as the runtime computes it over its flash; empty when unknown. */
    programHash: Buffer
    board: string
    resetCause: number
    uptimeMs: number
}

const KEY_SESSION = 1
const KEY_PROGRAM = 2
const KEY_BOARD = 3
const KEY_CAUSE = 4
const KEY_UPTIME = 5
const HASH_BYTES = 32
const BOARD_LENGTH_MAX = 32

export function encodeHello(hello: Hello): Buffer {
    const out = new CborWriter()
    out.map(5)
    out.int(KEY_SESSION)
    out.int(hello.session)
    out.int(KEY_PROGRAM)
    out.bytes(hello.programHash)
    out.int(KEY_BOARD)
    out.text(hello.board)
    out.int(KEY_CAUSE)
    out.int(hello.resetCause)
    out.int(KEY_UPTIME)
    out.int(hello.uptimeMs)
    return out.result()
}

/** A hello, or why the body is none. Unknown keys are passed over. */
export function decodeHello(body: Buffer): Hello | Reject {
    const hello: Hello = {
        kind: "hello",
        session: -1,
        programHash: Buffer.alloc(0),
        board: "",
        resetCause: ResetCause.unknown,
        uptimeMs: 0,
    }
    const reader = new CborReader(body)
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_SESSION) hello.session = reader.int()
        else if (key === KEY_PROGRAM) hello.programHash = reader.bytes()
        else if (key === KEY_BOARD) hello.board = reader.text()
        else if (key === KEY_CAUSE) hello.resetCause = reader.int()
        else if (key === KEY_UPTIME) hello.uptimeMs = reader.int()
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    if (hello.session < 0) return reject("session-range")
    const hashBytes = hello.programHash.length
    if (hashBytes !== 0 && hashBytes !== HASH_BYTES) return reject("program-hash-length")
    if (hello.board.length > BOARD_LENGTH_MAX) return reject("board-length")
    if (hello.resetCause < 0) return reject("reset-cause-range")
    if (hello.uptimeMs < 0) return reject("uptime-range")
    return hello
}
