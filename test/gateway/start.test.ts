// One gateway on a data directory, and nothing left behind by a start that failed.

import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { SqliteVault } from "../../gateway/adapters/vault/sqlite-vault.js"
import { gatewayConfig } from "../../gateway/config.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import { openSignIn } from "../../gateway/sign-in.js"
import { handleOf } from "../support/break-database.js"
import { aCase, DEVICE_ID, OPERATOR_ID } from "../support/case.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"

const OTHER_DEVICE = "ffeeddccbbaa9988"

function start(data: string, ports: object = {}): Promise<Gateway> {
    return startGateway(gatewayConfig({ data, port: 0, mqttPort: 0, ...ports }), quiet)
}
/** A data directory that a gateway has used: one device, one record. */
async function aUsedDirectory(): Promise<string> {
    const data = tempFolder()
    const gateway = await start(data)
    gateway.registry.add(aCase())
    const tracker = await HostTracker.connect(gateway)
    await tracker.send(tracker.session.hello())
    await tracker.send(tracker.session.fixes(aFix()))
    await gateway.settled()
    await gateway.close()
    return data
}

describe("a data directory", () => {
    it("is made where there is none, for its owner only, every file of it", async () => {
        const data = join(tempFolder(), "new/burr")
        const gateway = await testGateway(aCase(), data)
        const tracker = await HostTracker.connect(gateway)
        await tracker.send(tracker.session.hello())
        await gateway.settled()
        const modes = readdirSync(data).map((name) => [
            name,
            statSync(join(data, name)).mode & 0o777,
        ])
        expect(modes.length).toBeGreaterThan(10)
        expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([])
        expect(statSync(data).mode & 0o777).toBe(0o700)
    })

    it("gets its files closed to others even where somebody opened them", async () => {
        const data = await aUsedDirectory()
        for (const name of readdirSync(data)) chmodSync(join(data, name), 0o644)
        await testGateway({}, data)
        for (const name of ["ledger.sqlite", "derived.sqlite", "registry.sqlite"])
            expect(statSync(join(data, name)).mode & 0o777).toBe(0o600)
    })

    it("serves one gateway at a time, and says so to the second", async () => {
        const data = tempFolder()
        const first = await start(data)
        await expect(start(data)).rejects.toThrow(
            `data directory ${data} is in use by another gateway: stop that one, or use another ` +
                "directory (--data)",
        )
        await first.close()
        await (await start(data)).close()
    })

    it("of another schema is refused with what to do", async () => {
        const data = tempFolder({ "burr.json": '{ "schema": 99 }' })
        await expect(start(data)).rejects.toThrow(
            /schema 99, this Burr reads 2\. Use the release that wrote it, or another directory/,
        )
        writeFileSync(join(data, "burr.json"), "{")
        await expect(start(data)).rejects.toThrow(/burr\.json: not readable as JSON/)
        expect(readdirSync(data)).toEqual(["burr.json"])
    })

    it("that is a file is refused", async () => {
        const data = join(tempFolder({ notes: "" }), "notes")
        await expect(start(data)).rejects.toThrow(`--data: ${data} is a file, expected a directory`)
    })

    it("without its vault key is refused, with another key too", async () => {
        const data = await aUsedDirectory()
        const key = join(data, "vault.key")
        writeFileSync(key, Buffer.alloc(32, 1))
        await expect(start(data)).rejects.toThrow(
            `vault: the key file does not open device ${DEVICE_ID}`,
        )
        writeFileSync(key, Buffer.alloc(31, 1))
        await expect(start(data)).rejects.toThrow(`vault key ${key}: 31 bytes, expected 32`)
        rmSync(key)
        await expect(start(data)).rejects.toThrow(
            `vault key ${key} is missing: without it no device can be opened`,
        )
        expect(readdirSync(data)).not.toContain("vault.key")
    })

    it("of which a file is damaged is refused with the file's name", async () => {
        const data = await aUsedDirectory()
        writeFileSync(join(data, "registry.sqlite"), Buffer.alloc(8192, 7))
        await expect(start(data)).rejects.toThrow(
            /cannot open .*registry\.sqlite: .*not a database/,
        )
    })

    it("keeps its history over a restart, under a new address", async () => {
        const data = await aUsedDirectory()
        const gateway = await testGateway({}, data)
        expect(gateway.ledger.count()).toBe(2)
        expect(gateway.store.fixes(DEVICE_ID)).toHaveLength(1)
        expect(gateway.store.counts()).toEqual({ fixes: 1, alerts: 0, withheld: 0, rejected: 0 })
        const tracker = await HostTracker.connect(gateway)
        expect(await tracker.send(tracker.session.hello())).toMatchObject({ seq: 0 })
        expect(gateway.signIn.consoleUrl()).toBe(gateway.url)
    })
})

describe("a device", () => {
    it("keeps the key it has, and comes in with it after a restart", async () => {
        const data = tempFolder()
        const first = await start(data)
        const key = first.provision(DEVICE_ID)
        expect(first.provision(DEVICE_ID).equals(key)).toBe(true)
        expect(first.provision(OTHER_DEVICE).equals(key)).toBe(false)
        await first.close()
        const second = await testGateway({}, data)
        expect(second.provision(DEVICE_ID).equals(key)).toBe(true)
    })

    it("under an id that is none gets no key", async () => {
        const gateway = await testGateway(aCase())
        for (const id of ["", "7f3a", "00112233445566AA", "00112233445566aa00"])
            expect(() => gateway.provision(id)).toThrow(
                `device id "${id}": expected 16 hexadecimal digits`,
            )
    })

    it("whose key is damaged stays out, and the others come in", async () => {
        const data = tempFolder()
        const first = await start(data)
        first.registry.add(aCase())
        first.provision(DEVICE_ID)
        first.provision(OTHER_DEVICE)
        await first.close()
        const vault = new SqliteVault(join(data, "vault.sqlite"), join(data, "vault.key"))
        handleOf(vault)
            .prepare("UPDATE root SET sealed = zeroblob(60) WHERE device_id = ?")
            .run(OTHER_DEVICE)
        vault.close()

        const told: string[] = []
        const second = await testGateway({}, data, (_level, text) => told.push(text))
        const tracker = await HostTracker.connect(second)
        await tracker.send(tracker.session.hello())
        expect(told).toContain(
            `device ${OTHER_DEVICE} is not admitted: vault: the key file does not open device ` +
                OTHER_DEVICE,
        )
    })
})

describe("a start that fails", () => {
    /** A port that somebody else has. */
    function takenPort(): Promise<number> {
        const server = createServer()
        onTestFinished(() => void server.close())
        return new Promise((resolve) => {
            server.listen(0, "127.0.0.1", () => {
                const address = server.address()
                resolve(typeof address === "object" && address ? address.port : 0)
            })
        })
    }

    it.each(["port", "mqttPort"])(
        "because its %s is taken says which, and leaves nothing open",
        async (name) => {
            const data = tempFolder()
            const port = await takenPort()
            const before = process.getActiveResourcesInfo().length
            await expect(start(data, { [name]: port })).rejects.toMatchObject({
                code: "EADDRINUSE",
                port,
            })
            // Timers and sockets of the failed start would keep the process alive.
            await new Promise(setImmediate)
            expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
            const gateway = await start(data)
            gateway.registry.add(aCase())
            await gateway.close()
        },
    )
})

it("a gateway that was closed is gone; closing it twice does no harm", async () => {
    const gateway = await testGateway(aCase())
    const tracker = await HostTracker.connect(gateway)
    const gone = new Promise<void>((resolve) => tracker.client.once("close", () => resolve()))
    await Promise.all([gateway.close(), gateway.close()])
    await gateway.settled()
    await gone
    await expect(fetch(`${gateway.url}/health`)).rejects.toThrow()
})

describe("a sign-in link made beside the gateway", () => {
    it("opens the running one", async () => {
        const data = tempFolder()
        const gateway = await testGateway(aCase(), data)
        const link = openSignIn(data, OPERATOR_ID)
        expect(link.startsWith(`${gateway.url}/sign-in/`)).toBe(true)
        const answer = await fetch(link, { redirect: "manual" })
        expect(answer.status).toBe(303)
    })

    it("is refused for a user or a directory that there is not, and makes no files", async () => {
        const data = tempFolder()
        await testGateway(aCase(), data)
        expect(() => openSignIn(data, "nobody")).toThrow(/user: "nobody" is unknown, expected one/)
        const empty = tempFolder()
        expect(() => openSignIn(empty, OPERATOR_ID)).toThrow(/no gateway has used/)
        expect(readdirSync(empty)).toEqual([])
        expect(() => openSignIn(join(empty, "none"), OPERATOR_ID)).toThrow(/no directory/)
    })
})

describe("settings", () => {
    it("that are wrong are all named at once, with what was given and expected", () => {
        const wrong = { port: "eighty", mqttPort: 65_536, host: "", colour: "red" }
        const message = (() => {
            try {
                gatewayConfig(wrong)
            } catch (error) {
                return (error as Error).message
            }
        })()
        expect(message?.split("\n")).toEqual([
            expect.stringMatching(/^host: given "", /),
            expect.stringMatching(/^port: given "eighty", .*number/),
            expect.stringMatching(/^mqttPort: given 65536, .*65535/),
            expect.stringMatching(/"colour"/),
        ])
    })

    it("are frozen, and have defaults that only this machine reaches", () => {
        expect(gatewayConfig({})).toEqual({
            ...{ data: "./.burr", host: "127.0.0.1", port: 8470, mqttPort: 1883 },
        })
        expect(Object.isFrozen(gatewayConfig({}))).toBe(true)
    })
})
