import { randomBytes } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import ts from "typescript"
import { afterAll, expect, it } from "vitest"
import { compact } from "../../bin/tooling/compact/program.mjs"
import { buildDevicePrograms } from "../../bin/tooling/device-programs.mjs"
import { filesBelow } from "../../bin/tooling/stamp.mjs"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { Machine } from "../../simulator/vm/machine.js"
import { DECISION_SEEDS, DecisionsRun } from "../device/runs/decisions-run.js"
import { OrdersRun } from "../device/runs/orders-run.js"

const ROOT = join(import.meta.dirname, "../..")
const ORDER_LINES = 60
/** What the device's own compiler makes of the functions of MODULES, descriptors included. */
const NATIVE_BYTES = 12_040
const MODULES = [
    ...["heartbeat", "schedule", "scan-plan", "search", "search-time", "search-memory", "profile"],
    ...["motion", "motion-step", "motion-anchor", "motion-memory", "motion-trust"],
    ...["orders", "orders-in-force", "orders-packing", "mandate-watch"],
].map((name) => `firmware/logic/${name}.ts`)
const PROGRAM = "test/device/compact.ts"
const INTERFACES = ["Lap"]
/** What the program says of functions that wait. */
const WAITED = ["own 3: 0#0 2#1 4#2", "beside 3: 0#0 5#1 10#2", "end"]

const folders: string[] = []
afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The device sources with the modules as compact code, below a folder of their own. */
function compactTree(modules: readonly string[], target: "device" | "node") {
    const root = mkdtempSync(join(tmpdir(), "burr-compact-"))
    folders.push(root)
    for (const folder of ["protocol", "firmware", "test/device/runs"])
        cpSync(join(ROOT, folder), join(root, folder), { recursive: true })
    for (const file of ["package.json", "devsconfig.json", PROGRAM])
        cpSync(join(ROOT, file), join(root, file))
    const asked = { root: ROOT, entries: [PROGRAM], modules, interfaces: INTERFACES }
    const made = compact({ ...asked, target })
    for (const [path, text] of made.files) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), text)
    }
    return { root, made }
}

function linesOf(
    decisions: new (seed: number) => { isDone: boolean; next(): string },
    orders: new (seed: number) => { next(): string },
): string[] {
    const lines: string[] = []
    for (let seed = 1; seed <= DECISION_SEEDS; seed++) {
        const run = new decisions(seed)
        while (!run.isDone) lines.push(run.next())
    }
    const run = new orders(1)
    for (let i = 0; i < ORDER_LINES; i++) lines.push(run.next())
    return lines
}

const EXPECTED = linesOf(DecisionsRun, OrdersRun)

it("decides on Node what the modules decide, in less than half of the bytes", async () => {
    const { root, made } = compactTree(MODULES, "node")
    expect(made.code.length).toBeLessThan(NATIVE_BYTES / 2)
    const compilerOptions = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        isolatedModules: true,
        preserveConstEnums: true,
    }
    for (const path of filesBelow(root, ".").filter((path: string) => path.endsWith(".ts"))) {
        const { outputText } = ts.transpileModule(readFileSync(join(root, path), "utf8"), {
            compilerOptions,
        })
        writeFileSync(join(root, path.replace(/\.ts$/, ".js")), outputText)
    }
    const load = async (name: string) =>
        await import(/* @vite-ignore */ pathToFileURL(join(root, "test/device/runs", name)).href)
    const { DecisionsRun: decisions } = await load("decisions-run.js")
    const { OrdersRun: orders } = await load("orders-run.js")
    expect(linesOf(decisions, orders)).toEqual(EXPECTED)
})

it("decides alike on the tracker's machine, and waits there", async () => {
    const { root, made } = compactTree([...MODULES, PROGRAM], "device")
    expect(made.callDepth).toBeLessThan(60)
    const failures = buildDevicePrograms(
        root,
        () => {},
        ({ entry }) => entry === PROGRAM,
    )
    expect(failures).toEqual([])
    expect(await saidBy(join(root, "dist/test/device/compact.devs"))).toEqual([
        ...EXPECTED,
        ...WAITED,
    ])
}, 60_000)

async function saidBy(path: string): Promise<string[]> {
    const startMs = Date.UTC(2031, 0, 1)
    const clock = new VirtualClock(startMs)
    const lines: string[] = []
    const machine = new Machine({
        clock,
        network: { open: () => ({ write: () => false, close: () => {} }) },
        chipId: "00112233445566bb",
        flash: buildFlashStore(readFileSync(path), {}),
        randomBytes,
        onTwin: (_topic, data) => lines.push(data.toString()),
        onStopped: (reason) => lines.push(reason),
    })
    machine.boot()
    await clock.runUntil(startMs + 30_000, () => undefined)
    machine.powerOff()
    return lines
}
