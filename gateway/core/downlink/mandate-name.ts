import { createHash } from "node:crypto"

/** 8 bytes: told apart, and nothing of the case in them. */
const NAME_BYTES = 8

/**
 * How a command names the mandate that it acts under. A device that needs none has one name for what
 * it is used for, so that nothing told to a unit on the bench is obeyed on a target.
 */
export function mandateName(mandateId: string | null): Buffer {
    const named = mandateId === null ? "no mandate" : `mandate ${mandateId}`
    return createHash("sha256").update(named).digest().subarray(0, NAME_BYTES)
}
