// What a tracker made of a command [P-E66]: obeyed, or why not, and what is in force now. One
// command that opened is answered by one record; it waits in the queue like all others until the
// gateway holds it.

import { CborReader, CborWriter } from "./cbor.js"
import { SEQ_MAX } from "./envelope.js"
import { type Reject, reject } from "./reject.js"

export enum Answer {
    accepted = 0,
    /** No such order in this version. */
    unknownOrder = 1,
    /** Not as many arguments as the order takes. */
    argumentCount = 2,
    /** An argument is out of its range, or a time lies in the past. */
    argumentRange = 3,
    expired = 4,
    /** It acts under another mandate than the one in force. */
    wrongMandate = 5,
    /** The mandate in force has ended: only another end, another mandate or a wipe is obeyed. */
    mandateEnded = 6,
    /** No room for another fence of that kind. */
    fencesFull = 7,
    /** The arguments of a wipe do not name this device. */
    notConfirmed = 8,
    /** The memory did not take it: nothing has changed. */
    notKept = 9,
    /** This board cannot. */
    notSupported = 10,
    /** A wipe has been accepted: nothing else is obeyed any more. */
    wiping = 11,
}

export interface Response {
    kind: "response"
    /** Counter of the session whose command it was; 0 on boards that keep none. */
    session: number
    /** The command's own counter. */
    counter: number
    /** What was ordered, one of CommandKind or a number that the tracker does not know. */
    order: number
    /** One of Answer; a later version may have others. */
    answer: number
    /** UTC in seconds at which it was decided. */
    atS: number
    /** What is in force after it, as the order has it (order.ts, [P-E66]). */
    inForce: number[]
}

/** The largest answer names two values. */
export const IN_FORCE_MAX = 4

const KEY_SESSION = 1
const KEY_COUNTER = 2
const KEY_ORDER = 3
const KEY_ANSWER = 4
const KEY_AT = 5
const KEY_IN_FORCE = 6
const UINT32_MAX = 0xffffffff
const ANSWER_MAX = 0xffff

/** Key 6 is left out where there is nothing to say. */
export function encodeResponse(response: Response): Buffer {
    const values = response.inForce
    const out = new CborWriter()
    out.map(values.length > 0 ? 6 : 5)
    out.int(KEY_SESSION)
    out.int(response.session)
    out.int(KEY_COUNTER)
    out.int(response.counter)
    out.int(KEY_ORDER)
    out.int(response.order)
    out.int(KEY_ANSWER)
    out.int(response.answer)
    out.int(KEY_AT)
    out.int(response.atS)
    if (values.length > 0) {
        out.int(KEY_IN_FORCE)
        out.array(values.length)
        for (const value of values) out.int(value)
    }
    return out.result()
}

/** A response, or why the body is none. Unknown keys are passed over. */
export function decodeResponse(body: Buffer): Response | Reject {
    const response: Response = {
        kind: "response",
        session: -1,
        counter: -1,
        order: -1,
        answer: -1,
        atS: -1,
        inForce: [],
    }
    const reader = new CborReader(body)
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_SESSION) response.session = reader.int()
        else if (key === KEY_COUNTER) response.counter = reader.int()
        else if (key === KEY_ORDER) response.order = reader.int()
        else if (key === KEY_ANSWER) response.answer = reader.int()
        else if (key === KEY_AT) response.atS = reader.int()
        else if (key === KEY_IN_FORCE) readValues(reader, response.inForce)
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    const wrong = responseFault(response)
    return wrong === undefined ? response : reject(wrong)
}

function responseFault(response: Response): string | undefined {
    if (response.session < 0 || response.session > UINT32_MAX) return "session-range"
    // The last number opens no command: the one after it could not be told from a repetition.
    if (response.counter < 0 || response.counter >= SEQ_MAX) return "counter-range"
    if (response.order < 0) return "order-range"
    if (response.answer < 0 || response.answer > ANSWER_MAX) return "answer-range"
    if (response.atS < 0 || response.atS > UINT32_MAX) return "time-range"
    return undefined
}

function readValues(reader: CborReader, values: number[]): void {
    const count = reader.array()
    if (count === 0 || count > IN_FORCE_MAX) {
        reader.refuse("values-in-force")
        return
    }
    for (let i = 0; i < count; i++) values.push(reader.int())
}
