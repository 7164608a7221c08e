// Orders as people write them, made into what the wire has [P-E64]: named fields on one side, a
// number and a row of whole numbers on the other. `null` in place of a value leaves it to the profile.

import { z } from "zod"
import { CommandKind } from "../../../protocol/command.js"
import {
    DWELL_FIXES_MAX,
    DWELL_MAX_S,
    FENCE_NUMBER_MAX,
    fenceArgs,
} from "../../../protocol/fence-order.js"
import type { FenceShape } from "../../../protocol/live.js"
import { AS_PROFILE, LIVE_AHEAD_MAX_S, wipeArgs } from "../../../protocol/order.js"
import type { UnixMs } from "../../../protocol/units.js"
import { InputError } from "../input-error.js"
import { deviceFenceOf } from "./device-fence.js"
import { OrderError } from "./order-error.js"
import { PROFILE_NAMES } from "./order-words.js"

const PROFILE_EXPECTED = `expected ${[...PROFILE_NAMES.values()].join(", ")} or a number from 1 to 255`

function whole(least: number, most: number, what: string) {
    const expected = `expected ${what}, a whole number from ${least} to ${most}`
    return z.int(expected).min(least, expected).max(most, expected)
}
function wholeOrProfile(least: number, most: number, what: string) {
    const expected = `expected ${what}, a whole number from ${least} to ${most}, or null for the profile's`
    return z.int(expected).min(least, expected).max(most, expected).nullable()
}
const UTC_EXPECTED = "expected UTC in milliseconds since 1970"
const utcMs = z
    .int(UTC_EXPECTED)
    .min(0, UTC_EXPECTED)
    .max(0xffffffff * 1000, UTC_EXPECTED)
const profile = z
    .union([z.int().min(1).max(255), z.enum([...PROFILE_NAMES.values()])], PROFILE_EXPECTED)
    .transform((given) => (typeof given === "number" ? given : numberOf(given)))
const fenceNumber = whole(0, FENCE_NUMBER_MAX, "the number of a fence")
const ID_EXPECTED = "expected 16 hexadecimal digits, the device's id once more"

/** When it is given up if the device has not answered until then; left out: ORDER_LIFE_MS from now. */
const common = { expiresAtMs: utcMs.optional() }

/** What may be asked of a device, as a request has it. */
export const orderForm = z.discriminatedUnion(
    "order",
    [
        z.strictObject({
            order: z.literal("hold"),
            seconds: wholeOrProfile(1, 86_400, "seconds"),
            ...common,
        }),
        z.strictObject({ order: z.literal("report"), ...common }),
        z.strictObject({ order: z.literal("self-test"), ...common }),
        z.strictObject({ order: z.literal("profile"), profile, ...common }),
        z.strictObject({
            order: z.literal("bounds"),
            liveM: wholeOrProfile(0, 10_000, "metres"),
            historyM: wholeOrProfile(0, 1000, "metres"),
            ...common,
        }),
        z.strictObject({
            order: z.literal("heartbeat"),
            seconds: wholeOrProfile(60, 604_800, "seconds"),
            ...common,
        }),
        z.strictObject({
            order: z.literal("live-until"),
            untilMs: utcMs.nullable(),
            ...common,
        }),
        z.strictObject({
            order: z.literal("fence"),
            number: fenceNumber,
            fenceId: z.string("expected the id of a fence of the operation").min(1).max(64),
            fixes: whole(1, DWELL_FIXES_MAX, "fixes"),
            seconds: whole(0, DWELL_MAX_S, "seconds"),
            ...common,
        }),
        z.strictObject({
            order: z.literal("clear-fence"),
            number: fenceNumber.nullable(),
            ...common,
        }),
        z.strictObject({
            order: z.literal("wipe"),
            deviceId: z.string(ID_EXPECTED).regex(/^[0-9a-f]{16}$/, ID_EXPECTED),
            ...common,
        }),
    ],
    "expected hold, report, self-test, profile, bounds, heartbeat, live-until, fence, clear-fence or wipe",
)
export type OrderForm = z.output<typeof orderForm>

/** An order as it is queued. */
export interface WireOrder {
    order: number
    args: number[]
}

/** What an order is for, as far as its arguments depend on it. */
export interface OrderedDevice {
    deviceId: string
    /** A fence that the device may be told of. */
    fenceShape: (fenceId: string) => FenceShape | undefined
}

/** Throws an OrderError that names the field, what was given and what was expected. */
export function wireOrder(
    form: OrderForm,
    { deviceId, fenceShape }: OrderedDevice,
    nowMs: UnixMs,
): WireOrder {
    switch (form.order) {
        case "hold":
            return { order: CommandKind.hold, args: [form.seconds ?? AS_PROFILE] }
        case "report":
            return { order: CommandKind.report, args: [] }
        case "self-test":
            return { order: CommandKind.selfTest, args: [] }
        case "profile":
            return { order: CommandKind.profile, args: [form.profile] }
        case "bounds": {
            const args = [form.liveM ?? AS_PROFILE, form.historyM ?? AS_PROFILE]
            return { order: CommandKind.bounds, args }
        }
        case "heartbeat":
            return { order: CommandKind.heartbeat, args: [form.seconds ?? AS_PROFILE] }
        case "live-until":
            return { order: CommandKind.liveUntil, args: [untilS(form.untilMs, nowMs)] }
        case "fence":
            return watchFence(form, fenceShape(form.fenceId))
        case "clear-fence": {
            const args = form.number === null ? [] : [form.number]
            return { order: CommandKind.clearFence, args }
        }
        case "wipe":
            if (form.deviceId !== deviceId)
                throw new OrderError(
                    "input",
                    `deviceId: given "${form.deviceId}", expected "${deviceId}", the device to be wiped`,
                )
            return { order: CommandKind.wipe, args: wipeArgs(Buffer.from(form.deviceId, "hex")) }
    }
}

/** A tracker refuses a time that has passed, or is more than a day ahead. */
function untilS(untilMs: number | null, nowMs: UnixMs): number {
    if (untilMs === null) return 0
    const atS = Math.floor(untilMs / 1000)
    const aheadS = atS - Math.floor(nowMs / 1000)
    if (aheadS > 0 && aheadS <= LIVE_AHEAD_MAX_S) return atS
    throw new OrderError(
        "input",
        `untilMs: given ${untilMs}, ${aheadS} s ahead, expected 1 to ${LIVE_AHEAD_MAX_S} s, or null`,
    )
}

function watchFence(
    { number, fenceId, fixes, seconds }: Extract<OrderForm, { order: "fence" }>,
    shape: FenceShape | undefined,
): WireOrder {
    if (!shape)
        throw new OrderError(
            "input",
            `fenceId: given "${fenceId}", expected the id of a fence of the operation`,
        )
    const order = shape.type === "circle" ? CommandKind.circle : CommandKind.polygon
    try {
        return { order, args: fenceArgs(deviceFenceOf(number, shape, { fixes, seconds })) }
    } catch (error) {
        if (error instanceof InputError) throw new OrderError("input", error.message)
        throw error
    }
}

function numberOf(name: string): number {
    for (const [number, own] of PROFILE_NAMES) if (own === name) return number
    throw new RangeError(`profile ${name}`)
}
