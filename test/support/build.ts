import { join } from "node:path"
import { buildAll } from "../../bin/build.mjs"

/** Once before all tests: device programs and console as the sources say. */
export default async function setup(): Promise<void> {
    const isBuilt = await buildAll(join(import.meta.dirname, "../.."), true)
    if (!isBuilt) throw new Error("the build failed, see above")
}
