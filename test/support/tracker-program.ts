import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A program below dist/ that the build before the tests has made, `firmware/tracker.devs` say. */
export function deviceProgram(path: string): Buffer {
    return readFileSync(join(import.meta.dirname, "../../dist", path))
}
