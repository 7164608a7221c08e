// The chip's own pins as the program's twin answers for them. Bytes: the pin, and its level, which is
// 255 as asked: nobody answers for a pin that is not here, and the program asks the chip itself.

const TOPIC = "pin"
const LEVEL = 1

/** Level of a pin: 1 high, 0 low. */
export type PinLevel = 0 | 1

/** Answers for the pins of one board, by their numbers. */
export function boardPins(levels: ReadonlyMap<number, () => PinLevel>) {
    return (topic: string, message: Buffer): void => {
        if (topic !== TOPIC) return
        const level = levels.get(message[0]!)
        if (level) message[LEVEL] = level()
    }
}
