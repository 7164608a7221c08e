/** A stretch of bytes and what it says. Keys as `burr inspect --json` prints them. */
export interface Part {
    /** From the first byte of the message, or of the body under its seal. */
    offset: number
    /** Hexadecimal. */
    bytes: string
    field: string
    value: string | number
    meaning: string
    rule: string
}
