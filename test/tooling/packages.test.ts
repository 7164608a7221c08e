import { describe, expect, test } from "vitest"
import { staleReason } from "../../bin/tooling/packages.mjs"
import { tempFolder } from "../support/temp-folder.js"

type Entries = Record<string, { version: string; optional?: boolean }>

const DEPENDENCIES = { zod: "^4.0.0" }
const ZOD = { "node_modules/zod": { version: "4.6.7" } }

function anInstallation({
    wanted = DEPENDENCIES as Record<string, string>,
    locked = ZOD as Entries,
    installed = ZOD as Entries | null,
    folders = ["node_modules/zod"],
} = {}): string {
    return tempFolder({
        "package.json": JSON.stringify({ dependencies: wanted }),
        "package-lock.json": JSON.stringify({
            packages: { "": { dependencies: DEPENDENCIES }, ...locked },
        }),
        ...(installed && {
            "node_modules/.package-lock.json": JSON.stringify({ packages: installed }),
        }),
        ...Object.fromEntries(folders.map((folder) => [`${folder}/package.json`, "{}"])),
    })
}

describe("an installation", () => {
    test("is as locked when every package is there in its locked version", () => {
        expect(staleReason(anInstallation())).toBeUndefined()
    })

    test("may lack optional packages, and may hold what the device compiler writes", () => {
        const root = anInstallation({
            locked: {
                ...ZOD,
                "node_modules/@esbuild/win32-x64": { version: "0.28.2", optional: true },
            },
            folders: ["node_modules/zod", "node_modules/@devicescript/core"],
        })
        expect(staleReason(root)).toBeUndefined()
    })

    test("is stale when a version differs, naming both", () => {
        const root = anInstallation({ installed: { "node_modules/zod": { version: "4.6.6" } } })
        expect(staleReason(root)).toBe("node_modules/zod is 4.6.6, locked is 4.6.7")
    })

    test("is stale when a package or its folder is missing", () => {
        expect(staleReason(anInstallation({ installed: {} }))).toBe("node_modules/zod is missing")
        expect(staleReason(anInstallation({ folders: [] }))).toBe("node_modules/zod is missing")
    })

    test("is stale when it never finished", () => {
        const root = anInstallation({ installed: null })
        expect(staleReason(root)).toBe("there is no complete node_modules")
    })

    test("is refused when package.json asks for what the lock file does not hold", () => {
        const root = anInstallation({ wanted: { ...DEPENDENCIES, aedes: "^1.2.0" } })
        expect(() => staleReason(root)).toThrow(
            "package.json and package-lock.json disagree on dependencies aedes: run  npm install",
        )
    })
})
