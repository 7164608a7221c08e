import { InputError } from "../input-error.js"

/**
 * input: what was asked for cannot be. not-allowed: not by this person, or not now. conflict: it was
 * possible, and things have moved on.
 */
export type OrderFault = "input" | "not-allowed" | "conflict"

/** An order was not taken. The message says what was given and what was expected. */
export class OrderError extends InputError {
    constructor(
        readonly fault: OrderFault,
        message: string,
    ) {
        super(message)
    }
}
