/** What somebody gave us cannot be used; the message says where, what it was, what was expected. */
export class InputError extends Error {
    override readonly name = "InputError"
}
