import { chmodSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { findChromium } from "../../bin/chromium.mjs"
import { tempFolder } from "../support/temp-folder.js"

function aFolderWith(name: string): string {
    const folder = tempFolder({ [name]: "#!/bin/sh\n" })
    chmodSync(join(folder, name), 0o755)
    return folder
}

test("CHROMIUM_PATH decides alone, also when nothing that runs is there", () => {
    const folder = aFolderWith("my-chromium")
    const env = { PATH: aFolderWith("chromium"), CHROMIUM_PATH: join(folder, "my-chromium") }
    expect(findChromium(env)).toBe(join(folder, "my-chromium"))
    expect(findChromium({ ...env, CHROMIUM_PATH: join(folder, "absent") })).toBeUndefined()
    expect(findChromium({ ...env, CHROMIUM_PATH: folder })).toBeUndefined()
})

test("a browser on the PATH is found in the order of the PATH", () => {
    const first = aFolderWith("google-chrome")
    const second = aFolderWith("chromium")
    expect(findChromium({ PATH: `:${first}:${second}` })).toBe(join(first, "google-chrome"))
})
