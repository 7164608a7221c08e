/** First in, first out; when full, the oldest bytes make room. */
export class ByteQueue {
    private bytes: number[] = []
    private from = 0

    constructor(private readonly bytesMax: number) {}

    get length(): number {
        return this.bytes.length - this.from
    }
    push(more: Uint8Array): void {
        for (const byte of more) this.bytes.push(byte)
        this.from = Math.max(this.from, this.bytes.length - this.bytesMax)
        if (this.from > this.bytesMax) {
            this.bytes = this.bytes.slice(this.from)
            this.from = 0
        }
    }
    shift(): number | undefined {
        return this.from < this.bytes.length ? this.bytes[this.from++] : undefined
    }
    clear(): void {
        this.bytes = []
        this.from = 0
    }
}
