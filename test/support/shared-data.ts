// Recorded tracks, receiver captures and test vectors that lie beside the repository where Burr is
// developed, and are not part of it. A test that wants one runs a seeded twin where it is absent.

import { existsSync } from "node:fs"
import { join } from "node:path"

const FOLDER = join(import.meta.dirname, "../../../shared/data")

/** The absolute path of a file or folder of the shared data; undefined, and said so, where absent. */
export function sharedData(relative: string): string | undefined {
    const path = join(FOLDER, relative)
    if (existsSync(path)) return path
    console.warn(`shared data ${relative} is not here: a seeded twin stands in`)
    return undefined
}
