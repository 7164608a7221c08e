// What the keys of each body are called, and by which rule.

import { MessageType } from "../../protocol/envelope.js"
import { RULE } from "./rules.js"

export interface KeyName {
    name: string
    meaning: string
    rule: string
}

function named(rule: string, names: Record<number, [name: string, meaning: string]>) {
    return Object.fromEntries(
        Object.entries(names).map(([key, [name, meaning]]) => [key, { name, meaning, rule }]),
    )
}

/** A report may hold any of these parts: their keys do not overlap [P-B1]. */
const REPORT: Record<number, KeyName> = {
    ...named(RULE.batch, {
        1: ["firstFix", "number of the first fix in its session"],
        2: ["count", "fixes in the batch"],
        3: ["first", "the first fix, column by column"],
        4: ["fixes", "those after the first; in a packed batch all"],
        5: ["profile", "how the fixes are written"],
        7: ["thinned", "records that the full queue let go of in this session"],
    }),
    ...named(RULE.instant, {
        8: ["time", "tenths of a second of UTC since 1970"],
        9: ["uptime", "tenths of a second since boot"],
    }),
    ...named(RULE.readings, { 10: ["readings", "a series for each quantity"] }),
    ...named(RULE.scan, { 11: ["scan", "access points, strongest first"] }),
    ...named(RULE.event, { 12: ["event", "kind and arguments"] }),
    ...named(RULE.status, {
        13: ["batteryMv", "battery, mV"],
        14: ["temperatureC", "of the battery, degrees Celsius"],
        15: ["chargePercent", "as the gauge has it"],
        16: ["drawnMah", "drawn since the battery was fitted, mAh"],
        17: ["meteredS", "seconds over which the next two were metered"],
        18: ["radioS", "seconds with the radio on"],
        19: ["gnssS", "seconds with the receiver on"],
        20: ["firstFixDs", "to the first fix, the last time, tenths of a second"],
        21: ["queued", "records that wait for an ack"],
        22: ["thinned", "records that the full queue let go of in this session"],
        23: ["boots", "program starts since the battery was fitted"],
        24: ["resetCause", "0 unknown, 1 power, 2 program"],
        25: ["programHash", "first 8 bytes of the program's SHA-256"],
        26: ["profile", "number of the profile in force"],
        27: ["level", "steps that the energy governor has gone down"],
        28: ["daysLeft", "until the battery is forecast to be empty"],
        29: ["daysLeftSpread", "one standard deviation of that, days"],
        30: ["faults", "what is wrong with the board, a sum of bits"],
    }),
}

const HELLO = named(RULE.hello, {
    1: ["session", "session counter, 0 on a board that keeps none"],
    2: ["programHash", "SHA-256 of the program"],
    3: ["board", "the board's name"],
    4: ["resetCause", "0 unknown, 1 power, 2 program, 3 none: it asks for the time"],
    5: ["uptimeMs", "milliseconds since boot"],
})
const ACK = {
    ...named(RULE.ack, {
        1: ["epoch", "of the records it names"],
        2: ["session", "of the records it names"],
        3: ["seq", "this record is durable"],
        4: ["earlier", "bit i set: record seq - 1 - i is durable"],
    }),
    ...named(RULE.baseUnknown, {
        5: ["isBaseUnknown", "1: what its fixes are chained to is not known"],
    }),
    ...named(RULE.ackTime, {
        6: ["utcS", "when the gateway made it, seconds of UTC since 1970; of a hello only"],
    }),
}
const COMMAND = named(RULE.command, {
    1: ["expiresAtS", "void from then on, seconds of UTC since 1970"],
    2: ["mandate", "the mandate that it acts under"],
    3: ["order", "what to do"],
    4: ["args", "of the order"],
})
const RESPONSE = named(RULE.response, {
    1: ["session", "of the command"],
    2: ["counter", "of the command"],
    3: ["order", "what was ordered"],
    4: ["answer", "0 accepted, else why not"],
    5: ["atS", "when it was decided, seconds of UTC since 1970"],
    6: ["inForce", "what is in force after it"],
})

/** By message type; none for a type without a body of its own. */
export const BODY_KEYS: Partial<Record<number, Record<number, KeyName>>> = {
    [MessageType.telemetry]: REPORT,
    [MessageType.event]: REPORT,
    [MessageType.hello]: HELLO,
    [MessageType.ack]: ACK,
    [MessageType.command]: COMMAND,
    [MessageType.response]: RESPONSE,
}

/** Types whose bodies are reports. */
export function isReport(type: number): boolean {
    return BODY_KEYS[type] === REPORT
}
