// Who may import whom: the list in STYLE.md and docs/architecture.md, kept true.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { type Import, importsOf, importsOfFile, sourceFiles } from "./tooling/imports.js"

const ROOT = join(import.meta.dirname, "..")

/** A folder and what it may know. A file obeys the first rule whose `files` names it. */
interface FolderRule {
    rule: string
    files: RegExp
    knows: RegExp[]
    /** Imports that break it, as written in a file: the proof that the rule is checked. */
    planted: [file: string, specifier: string][]
}

const NODE = /^node:/
const NPM = /^npm:/
const PROTOCOL = /^protocol\//
const DEVICE_LIBRARY = /^npm:@devicescript\//
const CORE = /^gateway\/core\//
/** What every stage knows: positions on the Earth, refusals of input, and libraries that only compute. */
const CORE_BASE = [
    PROTOCOL,
    /^gateway\/core\/(geo\/|input-error\.ts$)/,
    /^node:crypto$/,
    /^npm:(cbor-x|flatbush|zod)$/,
]
/** What several adapters stand on: the files beside their folders, and Node's own cryptography. */
const ADAPTER_BASE = /^gateway\/adapters\/([^/]+\.ts$|crypto\/)/

/** They reach their parts through an I2cBus: the same code runs on a board of emulated chips. */
const BUS_DRIVERS =
    /^firmware\/drivers\/(accelerometer|bus-parts|environment|fuel-gauge|gnss|light)\.ts$/

const FOLDER_RULES: FolderRule[] = [
    {
        rule: "protocol knows only itself",
        files: /^protocol\//,
        knows: [PROTOCOL],
        planted: [
            ["protocol/fix.ts", "node:crypto"],
            ["protocol/fix.ts", "cbor-x"],
            ["protocol/fix.ts", "../firmware/logic/outbox.js"],
        ],
    },
    {
        rule: "firmware/logic knows protocol",
        files: /^firmware\/logic\//,
        knows: [PROTOCOL, /^firmware\/logic\//],
        planted: [
            ["firmware/logic/outbox.ts", "@devicescript/core"],
            ["firmware/logic/outbox.ts", "../hal.js"],
            ["firmware/logic/outbox.ts", "node:assert"],
        ],
    },
    {
        rule: "a driver that Node runs as well knows the bus and no device library",
        files: BUS_DRIVERS,
        knows: [PROTOCOL, /^firmware\/logic\//, BUS_DRIVERS],
        planted: [["firmware/drivers/gnss.ts", "@devicescript/core"]],
    },
    {
        rule: "drivers, hal.ts and the programs know firmware/logic, protocol and the device library",
        files: /^firmware\//,
        knows: [PROTOCOL, DEVICE_LIBRARY, /^firmware\/(logic\/|drivers\/|hal\.ts$)/],
        planted: [
            ["firmware/drivers/fram.ts", "node:fs"],
            ["firmware/hal.ts", "../simulator/vm/host.js"],
            ["firmware/drivers/fram.ts", "../tracker.js"],
        ],
    },
    {
        rule: "a device test knows what runs on the device",
        files: /^test\/device\//,
        knows: [
            PROTOCOL,
            DEVICE_LIBRARY,
            /^(firmware\/(logic\/|drivers\/|hal\.ts$)|test\/device\/)/,
        ],
        planted: [["test/device/golden.ts", "vitest"]],
    },
    {
        rule: "geo knows no stage",
        files: /^gateway\/core\/geo\//,
        knows: CORE_BASE,
        planted: [["gateway/core/geo/distance.ts", "../fusion/track-state.js"]],
    },
    {
        rule: "ingest knows geo, and uplinks as the broker hands them over",
        files: /^gateway\/core\/ingest\//,
        knows: [...CORE_BASE, /^gateway\/core\/ingest\//],
        planted: [
            ["gateway/core/ingest/order.ts", "../fusion/track-state.js"],
            ["gateway/core/ingest/order.ts", "node:fs"],
        ],
    },
    {
        rule: "fusion knows geo and the output type of ingest",
        files: /^gateway\/core\/fusion\//,
        knows: [...CORE_BASE, /^gateway\/core\/(fusion\/|ingest\/observation\.ts$)/],
        planted: [
            ["gateway/core/fusion/fuse.ts", "../ingest/order.js"],
            ["gateway/core/fusion/fuse.ts", "../geofence/geofence.js"],
        ],
    },
    {
        rule: "geofence knows geo and the output type of fusion",
        files: /^gateway\/core\/geofence\//,
        knows: [...CORE_BASE, /^gateway\/core\/(geofence\/|fusion\/track-state\.ts$)/],
        planted: [
            ["gateway/core/geofence/presence.ts", "../fusion/fuse.js"],
            ["gateway/core/geofence/presence.ts", "../ingest/observation.js"],
        ],
    },
    {
        rule: "core knows core and protocol; what it asks of the world stands in ports.ts",
        files: CORE,
        knows: [...CORE_BASE, CORE],
        planted: [
            ["gateway/core/pipeline.ts", "../adapters/store/store.js"],
            ["gateway/core/pipeline.ts", "../config.js"],
            ["gateway/core/pipeline.ts", "node:fs"],
            ["gateway/core/ports.ts", "aedes"],
        ],
    },
    {
        rule: "an adapter knows core's ports and types, and no other adapter",
        files: /^gateway\/adapters\//,
        knows: [PROTOCOL, NODE, NPM, CORE, ADAPTER_BASE],
        planted: [
            ["gateway/adapters/http/server.ts", "../store/store.js"],
            ["gateway/adapters/http/server.ts", "../../main.js"],
            ["gateway/adapters/broker/broker.ts", "../../../simulator/world/world.js"],
        ],
    },
    {
        rule: "main.ts is the one place where concrete things meet",
        files: /^gateway\/main\.ts$/,
        knows: [PROTOCOL, NODE, NPM, /^gateway\//],
        planted: [["gateway/main.ts", "../simulator/fleet/fleet.js"]],
    },
    {
        rule: "an entry of the gateway knows core; main.ts alone knows the adapters",
        files: /^gateway\/[^/]+$/,
        knows: [PROTOCOL, NODE, NPM, CORE, /^gateway\/[^/]+$/],
        planted: [
            ["gateway/replay.ts", "./adapters/ledger/ledger.js"],
            ["gateway/config.ts", "../simulator/world/world.js"],
        ],
    },
    {
        rule: "simulator/world knows protocol and has its own geodesy",
        files: /^simulator\/world\//,
        knows: [PROTOCOL, NODE, /^simulator\/world\//, /^npm:(flatqueue|geographiclib-geodesic)$/],
        planted: [
            ["simulator/world/roads.ts", "../../gateway/core/geo/ellipsoid.js"],
            ["simulator/world/roads.ts", "../vm/clock.js"],
            ["simulator/world/roads.ts", "mqtt"],
        ],
    },
    {
        rule: "simulator/vm and chips know no firmware source, only the built .devs bytes",
        files: /^simulator\/(vm|chips)\//,
        knows: [PROTOCOL, NODE, NPM, /^simulator\/(vm|chips)\//],
        planted: [
            ["simulator/vm/host.ts", "../../firmware/hal.js"],
            ["simulator/chips/ublox.ts", "../../firmware/logic/ubx.js"],
            ["simulator/chips/ublox.ts", "../world/sky.js"],
        ],
    },
    {
        rule: "simulator/fleet knows world, vm, chips, firmware/logic and the drivers that are bus and no library",
        files: /^simulator\/fleet\//,
        knows: [
            PROTOCOL,
            NODE,
            NPM,
            /^(simulator\/(fleet|world|vm|chips)|firmware\/logic)\//,
            BUS_DRIVERS,
        ],
        planted: [
            ["simulator/fleet/device.ts", "../../firmware/drivers/socket.js"],
            ["simulator/fleet/device.ts", "../../gateway/core/domain/device.js"],
            ["simulator/fleet/device.ts", "../scenarios/tunnel.js"],
        ],
    },
    {
        rule: "scenarios know the simulator, and the gateway over MQTT",
        files: /^simulator\//,
        knows: [PROTOCOL, NODE, NPM, /^simulator\//],
        planted: [["simulator/scenarios/tunnel.ts", "../../gateway/main.js"]],
    },
    {
        rule: "the console's build settings know the build",
        files: /^console\/[^/]+\.config\.(ts|js)$/,
        knows: [NODE, NPM],
        planted: [["console/vite.config.ts", "../gateway/main.js"]],
    },
    {
        rule: "console knows protocol, and the gateway over protocol/live.ts",
        files: /^console\//,
        knows: [PROTOCOL, NPM, /^console\//],
        planted: [
            ["console/live/console-state.ts", "../../gateway/core/fusion/track-state.js"],
            ["console/panels/List.svelte", "node:fs"],
        ],
    },
    {
        rule: "station knows protocol and simulator/vm",
        files: /^station\//,
        knows: [PROTOCOL, NODE, NPM, /^(station|simulator\/vm)\//],
        planted: [
            ["station/image.ts", "../simulator/chips/ublox.js"],
            ["station/provision.ts", "../gateway/adapters/vault/vault.js"],
        ],
    },
    {
        rule: "bin, test and bench know everyone but each other",
        files: /^bin\//,
        knows: [NODE, NPM, /^(?!test\/|bench\/|console\/)/],
        planted: [["bin/commands/start.ts", "../../test/support/a-fix.js"]],
    },
    { rule: "test and bench know everyone", files: /^(test|bench)\//, knows: [/^/], planted: [] },
    {
        rule: "a setting at the root knows its tool",
        files: /^[^/]+$/,
        knows: [NODE, NPM],
        planted: [["vitest.config.ts", "./gateway/main.js"]],
    },
]

const UNKNOWN_FOLDER = "a source file stands in a folder that STYLE.md names"
const ONE_ADAPTER = "each outside library is kept by one adapter"
const DECLARED =
    "what runs for users is a dependency in package.json, what only builds a devDependency"

/** What users run: its packages are installed with Burr. The device library comes with the compiler. */
const RUNS_FOR_USERS = /^(protocol|gateway|simulator|station)\//

function violations(imports: readonly Import[], dependencies: ReadonlySet<string>): string[] {
    const keepers = new Map<string, string>()
    return imports.flatMap((one) => {
        const broken: string[] = []
        const folder = FOLDER_RULES.find(({ files }) => files.test(one.file))
        if (folder === undefined) broken.push(UNKNOWN_FOLDER)
        else if (!knows(folder, one)) broken.push(folder.rule)
        if (RUNS_FOR_USERS.test(one.file) && one.target.startsWith("npm:")) {
            if (!dependencies.has(one.target.slice("npm:".length))) broken.push(DECLARED)
        }
        const adapter = adapterOf(one.file)
        if (adapter !== undefined && one.target.startsWith("npm:")) {
            const keeper = keepers.get(one.target) ?? adapter
            keepers.set(one.target, keeper)
            if (keeper !== adapter) broken.push(`${ONE_ADAPTER}, this one by ${keeper}`)
        }
        return broken.map((rule) => `${one.file}:${one.line} imports ${one.target}: ${rule}`)
    })
}

function knows(folder: FolderRule, { file, target }: Import): boolean {
    const adapter = adapterOf(file)
    if (adapter !== undefined && adapterOf(target) === adapter) return true
    return folder.knows.some((known) => known.test(target))
}

/** The adapter that a file belongs to: a folder of gateway/adapters, or what stands beside them. */
function adapterOf(file: string): string | undefined {
    return file.match(/^gateway\/adapters\/([^/]+\/)?/)?.[0]
}

function planted(file: string, specifier: string): string[] {
    const script = `\nimport { x } from "${specifier}"\n`
    const text = file.endsWith(".svelte") ? `<script lang="ts">${script}</script>\n` : script
    return violations(importsOf(file, text), new Set([specifier]))
}

describe("the repository", () => {
    const files = sourceFiles(ROOT)

    test("has no import that the layout forbids", () => {
        const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
        const imports = files.flatMap((file) => importsOfFile(ROOT, file))
        expect(imports.length).toBeGreaterThan(100)
        expect(violations(imports, new Set(Object.keys(manifest.dependencies)))).toEqual([])
    })

    test("has no source file outside the folders that the layout names", () => {
        const strays = files.filter((file) => !FOLDER_RULES.some((rule) => rule.files.test(file)))
        expect(strays).toEqual([])
    })
})

describe("an import that breaks a rule is reported with its line and the rule", () => {
    const cases = FOLDER_RULES.flatMap(({ rule, planted }) =>
        planted.map(([file, specifier]) => ({ rule, file, specifier })),
    )
    test.each(cases)("$file importing $specifier", ({ rule, file, specifier }) => {
        const found = planted(file, specifier)
        expect(found).toHaveLength(1)
        expect(found[0]).toMatch(new RegExp(`^${file}:2 imports `))
        expect(found[0]?.endsWith(`: ${rule}`)).toBe(true)
    })

    test("a folder that the layout does not name", () => {
        expect(planted("misc/helpers.ts", "node:fs")).toEqual([
            `misc/helpers.ts:2 imports node:fs: ${UNKNOWN_FOLDER}`,
        ])
    })

    test("one library in two adapters", () => {
        const text = `import aedes from "aedes"`
        const imports = ["broker/broker.ts", "broker/guard.ts", "http/server.ts"].flatMap((file) =>
            importsOf(`gateway/adapters/${file}`, text),
        )
        expect(violations(imports, new Set(["aedes"]))).toEqual([
            `gateway/adapters/http/server.ts:1 imports npm:aedes: ${ONE_ADAPTER}, ` +
                "this one by gateway/adapters/broker/",
        ])
    })

    test("a package that users would not have", () => {
        const imports = importsOf("gateway/main.ts", `import { connect } from "mqtt"`)
        expect(violations(imports, new Set(["aedes"]))).toEqual([
            `gateway/main.ts:1 imports npm:mqtt: ${DECLARED}`,
        ])
    })
})

describe("an import is seen", () => {
    const shapes = [
        `import {\n    a,\n    b,\n} from "./x.js"`,
        `import type { A } from "./x.js"`,
        `import "./x.js"`,
        `import * as x from "./x.js"`,
        `export { a } from "./x.js"`,
        `const x = await import("./x.js")`,
    ]
    test.each(shapes)("%s", (text) => {
        const targets = importsOf("gateway/a.ts", text).map(({ target }) => target)
        expect(targets).toEqual(["gateway/x.ts"])
    })

    test("but not in a comment or a string", () => {
        expect(
            importsOf("gateway/a.ts", `// import "./x.js"\nconst s = 'import "./y.js"'`),
        ).toEqual([])
    })

    test("in a component, on its line, without the bundler's query", () => {
        const text = `<p>import "no"</p>\n<script lang="ts">\nimport u from "@a/b/c?worker&url"\n</script>`
        expect(importsOf("console/A.svelte", text)).toEqual([
            { file: "console/A.svelte", line: 3, target: "npm:@a/b" },
        ])
    })
})
