// What the cycle of decisions wants done, as values: the loop does it.

import type { Fix } from "../../protocol/fix.js"
import type { ReceiverAid } from "./aiding.js"

/** What there is to be done, in this order. */
export type Deed =
    /** A fix goes into the log. */
    | { what: "keep"; fix: Fix }
    /** A record of its own. */
    | { what: "post"; type: number; body: Buffer }
    /** What waits in the log becomes records now. */
    | { what: "seal" }
    | { what: "receiver-on"; aid: ReceiverAid | undefined }
    /** `forS`: for so long, on boards that cannot wake it; else 0. */
    | { what: "receiver-off"; forS: number }
    | { what: "ask-signal" }
    | { what: "read-gauge" }
    /** The gateway is to tell the time. */
    | { what: "ask-time" }
    | { what: "scan" }
    /** A line on the board's console. */
    | { what: "say"; line: string }
    /** A SelfTestPart. */
    | { what: "test-part"; part: number }
    /** From here on motion pulses the board's reset. */
    | { what: "arm" }
    /** The orders have changed. */
    | { what: "keep-orders" }
    /** Keep these rows. */
    | { what: "save"; rows: number[][] }
    | { what: "sleep"; ms: number }
    | { what: "reboot" }
