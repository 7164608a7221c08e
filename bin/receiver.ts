// A capture through the tracker's own receiver code, in the pieces in which the bus would give it.

import { readFileSync } from "node:fs"
import { fixOf, readNavPvt } from "../firmware/logic/nav-pvt.js"
import { UbxScanner } from "../firmware/logic/ubx.js"
import { InputError } from "../gateway/core/input-error.js"

const READ_BYTES = 128

export function receiverCommand(file: string): void {
    for (const line of receiverLines(readCapture(file))) process.stdout.write(`${line}\n`)
}

/** One JSON line for each NAV-PVT frame whose checksum holds. */
export function* receiverLines(capture: Buffer): Generator<string> {
    const scanner = new UbxScanner()
    for (let at = 0; at < capture.length; at += READ_BYTES) {
        scanner.push(capture.subarray(at, at + READ_BYTES))
        for (const { kind, offset, payload } of scanner.frames.splice(0)) {
            if (kind !== "pvt") continue
            const pvt = readNavPvt(payload)
            const accepted = fixOf(pvt) !== undefined
            yield JSON.stringify({ offset, ...pvt, accepted })
        }
    }
}

function readCapture(file: string): Buffer {
    try {
        return readFileSync(file)
    } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
        throw new InputError(`file: cannot read "${file}" (${reason}), expected a UBX capture`)
    }
}
