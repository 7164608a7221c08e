// Something that happened to the tracker [P-B30]: when, what, and a small argument or two. One
// event is one record, sealed and queued the moment it happens.

import { type Instant, instantFault, KEY_EVENT, noInstant, readBody, writeStart } from "./body.js"
import { CborWriter } from "./cbor.js"
import { type Reject, reject } from "./reject.js"

export enum EventKind {
    /** Argument: the cause, a ResetCause. */
    boot = 1,
    /** Argument: where, a TamperSource. */
    tamper = 2,
    motionStart = 3,
    motionStop = 4,
    /** Arguments: the fence's number on the tracker; the side it is on now, 1 inside, 0 outside. */
    fenceSide = 5,
    /** Argument: the battery's voltage, in millivolts. */
    lowBattery = 6,
    /** Argument: how sure the receiver is, 0 to 255. */
    jamSuspected = 7,
    /** Arguments: parts that passed and parts that failed, as sums of SelfTestPart (one in neither is
     * not fitted); first fix in tenths of a second, 0 without one; best signal in dB-Hz. */
    selfTest = 8,
    /** The receiver's position and the world do not fit. Argument: how sure it is, 0 to 255. */
    spoofSuspected = 9,
    /** Argument: steps that the energy governor has gone down. */
    budget = 10,
    /** An exception was caught. Arguments: where (P-B30); how many since boot. */
    exception = 11,
    /** The mandate has ended, and with it positions. */
    mandateEnd = 12,
    /** A part fails or works again. Arguments: a StatusFault; 1 fails, 0 works. */
    partFault = 13,
}

/** Parts of a self-test, as bits of one number. */
export enum SelfTestPart {
    /** It answers, with solutions. */
    receiver = 1,
    /** A fix, or a signal that would bring one under the sky. */
    signal = 2,
    accelerometer = 4,
    battery = 8,
    /** Non-volatile: it keeps what is written. */
    memory = 16,
    network = 32,
    /** The gateway has acknowledged a record. */
    gateway = 64,
    /** Its hash is known; whether it is the right one is for the bench to say. */
    program = 128,
}

export enum TamperSource {
    unknown = 0,
    /** The case was opened. */
    housing = 1,
    antenna = 2,
    supply = 3,
}

export interface DeviceEvent {
    kind: "event"
    instant: Instant
    /** One of EventKind; a number that this version does not know is handed on as it came. */
    event: number
    /** As the kind asks, and whatever a later version has put behind. */
    args: number[]
}

export const EVENT_ARGS_MAX = 4
const EVENT_MAX = 0xffff
const ARG_SIZE_MAX = 0xffffffff

/** Largest value of each argument, by kind; the smallest is 0. */
const ARGS_MAX: number[][] = [
    [],
    [255],
    [255],
    [],
    [],
    [65535, 1],
    [20000],
    [255],
    [65535, 65535, 36000, 99],
    [255],
    [15],
    [255, 65535],
    [],
    [65535, 1],
]

export function encodeEvent(event: DeviceEvent): Buffer {
    const out = new CborWriter()
    writeStart(out, event.instant, 1)
    out.int(KEY_EVENT)
    out.array(1 + event.args.length)
    out.int(event.event)
    for (const arg of event.args) out.int(arg)
    return out.result()
}

/** An event, or why the body has none. Unknown keys are passed over. */
export function decodeEvent(body: Buffer): DeviceEvent | Reject {
    const event: DeviceEvent = { kind: "event", instant: noInstant(), event: 0, args: [] }
    let isFound = false
    const fault = readBody(body, event.instant, (key, reader) => {
        if (key !== KEY_EVENT) return false
        isFound = true
        const args = reader.array() - 1
        if (args < 0 || args > EVENT_ARGS_MAX) reader.refuse("event-arguments")
        event.event = reader.int()
        for (let i = 0; i < args && reader.fault === undefined; i++) event.args.push(reader.int())
        return true
    })
    if (fault !== undefined) return reject(fault)
    if (!isFound) return reject("event-missing")
    const wrong = eventFault(event)
    return wrong === undefined ? event : reject(wrong)
}

/** What is out of range in an event, or undefined. */
export function eventFault(event: DeviceEvent): string | undefined {
    const wrong = instantFault(event.instant)
    if (wrong !== undefined) return wrong
    if (event.event < 1 || event.event > EVENT_MAX) return "event-range"
    for (const arg of event.args)
        if (arg < -ARG_SIZE_MAX || arg > ARG_SIZE_MAX) return "event-argument-range"
    if (event.event >= ARGS_MAX.length) return undefined
    const most = ARGS_MAX[event.event]
    if (event.args.length < most.length) return "event-arguments"
    for (let i = 0; i < most.length; i++)
        if (event.args[i] < 0 || event.args[i] > most[i]) return "event-argument-range"
    return undefined
}
