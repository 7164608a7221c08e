import * as ds from "@devicescript/core"

interface Natives {
    _twinMessage(topic: string, message: Buffer): Buffer
}

/** Hands a line to the host at once: the log would cut it at 300 characters. */
export function tell(topic: string, text: string): void {
    ;(ds as unknown as Natives)._twinMessage(topic, Buffer.from(text))
}
