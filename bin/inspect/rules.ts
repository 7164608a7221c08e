// The rules of docs/protocol.md that a message is taken apart by.

export const RULE = {
    /** At most 1,024 bytes, version 1 in the two highest bits. */
    version: "P-E01",
    type: "P-E02",
    saltPresent: "P-E03",
    /** One sequence for all types of a session, 1 to 4 bytes, shortest form, big-endian. */
    seq: "P-E04",
    /** AES-256-CCM, no associated data; the nonce is byte 0, salt and seq as 4 bytes. */
    ciphertext: "P-E05",
    /** 8 bytes, 16 for commands. */
    tag: "P-E06",
    salt: "P-E12",
    relay: "P-E40",
    /** Deterministic CBOR, keys unsigned and ascending, at most 1,024 bytes. */
    body: "P-B01",
    /** Keys that are not known are passed over. */
    unknownKey: "P-B02",
    batch: "P-B10",
    /** A byte of profile, one of count and chaining, then range-coded columns. */
    packed: "P-B20",
    hello: "P-B40",
    ack: "P-B50",
    command: "P-E60",
} as const
