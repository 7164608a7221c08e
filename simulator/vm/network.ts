// What the machine needs of a network: one TCP connection at a time.

export interface LinkEvents {
    opened(): void
    received(bytes: Buffer): void
    closed(): void
    failed(reason: string): void
}

export interface Link {
    /** False when the link is gone. */
    write(bytes: Buffer): boolean
    /** No event follows. */
    close(): void
}

export interface Network {
    open(host: string, port: number, events: LinkEvents): Link
}
