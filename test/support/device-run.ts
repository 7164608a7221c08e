import { randomBytes } from "node:crypto"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { Machine, type TwinHandler } from "../../simulator/vm/machine.js"
import { deviceProgram } from "./tracker-program.js"

const START_MS = Date.UTC(2031, 0, 1)

export interface DeviceRun {
    /** What the program said to its twin, in order. */
    said: { topic: string; text: string }[]
    /** What the runtime complained of. */
    complaints: string[]
}

/** Runs a program below dist/test/device in virtual time, with no network. */
export async function runOnDevice(
    name: string,
    seconds: number,
    parts: (clock: VirtualClock) => TwinHandler = () => () => {},
): Promise<DeviceRun> {
    const clock = new VirtualClock(START_MS)
    const run: DeviceRun = { said: [], complaints: [] }
    const onTwin = parts(clock)
    const machine = new Machine({
        clock,
        network: {
            open: (_host, _port, events) => {
                clock.after(1, () => events.failed("no network here"))
                return { write: () => false, close: () => {} }
            },
        },
        chipId: "00112233445566bb",
        flash: buildFlashStore(deviceProgram(`test/device/${name}.devs`), {}),
        randomBytes,
        onTwin: (topic, data) => {
            if (topic === "i2c") onTwin(topic, data)
            else run.said.push({ topic, text: data.toString() })
        },
        onLog: (line) => {
            if (/^!|^\s*at |panic|exception/i.test(line)) run.complaints.push(line)
        },
        onStopped: (reason) => run.complaints.push(reason),
    })
    machine.boot()
    await clock.runUntil(START_MS + seconds * 1000, () => undefined)
    machine.powerOff()
    return run
}
