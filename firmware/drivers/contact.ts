// A contact between a pin and ground, a reed switch at a door say: open the pull-up holds the pin
// high. The program's twin is asked first; on a chip nobody answers for it, and the pin itself does.

import * as ds from "@devicescript/core"
import "@devicescript/gpio"
import { QuantityNumber } from "../../protocol/quantity.js"
import type { Measured, SensorPart } from "../logic/sensor-part.js"

interface Natives {
    _twinMessage(topic: string, message: Buffer): Buffer
    gpio(pin: number): ds.InputPin
}

const TOPIC = "pin"
/** In what the twin hands back, the message follows a frame header, the topic and a zero byte. */
const FRAME_HEADER_BYTES = 16
const LEVEL = 1
const NO_ANSWER = 255

export class Contact implements SensorPart {
    name = "contact"
    quantities: number[] = [QuantityNumber.contact]

    /** `pin`: the chip's own number of it; less than 0 on a board without a contact. */
    constructor(private pin: number) {}

    async probe(): Promise<boolean> {
        if (this.pin < 0) return false
        try {
            levelOf(this.pin)
            return true
        } catch {
            return false
        }
    }

    async measure(): Promise<Measured[]> {
        return [{ quantity: QuantityNumber.contact, value: levelOf(this.pin) }]
    }
}

/** 1 high, 0 low. Throws for a pin that the board does not have. */
function levelOf(pin: number): number {
    const told = twinLevel(pin)
    if (told !== NO_ANSWER) return told
    const native = (ds as unknown as Natives).gpio(pin)
    native.setMode(ds.GPIOMode.InputPullUp)
    return native.value
}

/** Bytes: the pin, its level. */
function twinLevel(pin: number): number {
    const message = Buffer.from([pin, NO_ANSWER])
    const frame = (ds as unknown as Natives)._twinMessage(TOPIC, message)
    const at = FRAME_HEADER_BYTES + TOPIC.length + 1 + LEVEL
    return frame && frame.length > at ? frame[at] : NO_ANSWER
}
