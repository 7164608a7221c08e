// The rules of docs/protocol.md that a message is taken apart by.

export const RULE = {
    /** At most 1,024 bytes, version 1 in the two highest bits. */
    version: "P-E1",
    type: "P-E1",
    saltPresent: "P-E14",
    /** One sequence for all types of a session, 1 to 4 bytes, shortest form, big-endian. */
    seq: "P-E2",
    /** AES-256-CCM, no associated data; the nonce is byte 0, salt and seq as 4 bytes. */
    ciphertext: "P-E3",
    /** 8 bytes, 16 for commands. */
    tag: "P-E4",
    salt: "P-E12",
    relay: "P-E40",
    /** Deterministic CBOR, keys unsigned and ascending, at most 1,024 bytes. */
    body: "P-B4",
    /** Keys that are not known are passed over. */
    unknownKey: "P-B5",
    batch: "P-F1",
    /** A byte of profile, one of count and chaining, then range-coded columns. */
    packed: "P-pack.2",
    instant: "P-B6",
    readings: "P-B10",
    scan: "P-B20",
    event: "P-B30",
    status: "P-B40",
    hello: "P-E14",
    ack: "P-E30",
    /** The further ack of a record whose fixes are chained to what the gateway does not know. */
    baseUnknown: "P-E33",
    ackTime: "P-E34",
    response: "P-E66",
    command: "P-E60",
} as const
