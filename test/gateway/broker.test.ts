// The device broker admits devices under their own names and nothing else, bounds what it holds of
// a stranger, and acknowledges nothing that is not on the disk.

import { connect as connectTcp, type Socket } from "node:net"
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt"
import { describe, expect, it, onTestFinished } from "vitest"
import { PACKET_BYTES_MAX } from "../../gateway/adapters/broker/packet-gate.js"
import { STRANGERS_PER_ADDRESS_MAX, Strangers } from "../../gateway/adapters/broker/strangers.js"
import type { Gateway } from "../../gateway/main.js"
import { downlinkTopic, uplinkTopic } from "../../protocol/topics.js"
import { fillDisk, refuseRows } from "../support/break-database.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { tempFolder } from "../support/temp-folder.js"
import { testGateway } from "../support/test-gateway.js"

const OTHER_DEVICE = "ffeeddccbbaa9988"

async function connect(gateway: Gateway, options: IClientOptions = {}): Promise<MqttClient> {
    const keys = gateway.keysOf(DEVICE_ID)!
    const client = await connectAsync(
        `mqtt://127.0.0.1:${gateway.mqttPort}`,
        {
            clientId: keys.handle,
            username: keys.handle,
            password: keys.password,
            reconnectPeriod: 0,
            ...options,
        },
        false,
    )
    client.on("error", () => {})
    onTestFinished(() => void client.end(true))
    return client
}
async function aGateway(log?: (level: string, message: string) => void): Promise<Gateway> {
    const gateway = await testGateway(aCase(), tempFolder(), log)
    gateway.provision(DEVICE_ID)
    return gateway
}
/** Resolves when the broker has ended the connection. */
function isEnded(client: MqttClient): Promise<true> {
    return new Promise((resolve) => client.once("close", () => resolve(true)))
}
async function health(gateway: Gateway): Promise<Record<string, number>> {
    return (await (await fetch(`${gateway.url}/health`)).json()) as Record<string, number>
}

describe("nobody is admitted", () => {
    const strangers: [string, IClientOptions][] = [
        ["with a wrong password", { password: "A".repeat(22) }],
        ["with a password of another length", { password: "A" }],
        ["without a password", { password: undefined }],
        ["without a name", { username: undefined, password: undefined }],
        ["under a handle that no device has", { username: "AAAAAAAA", clientId: "AAAAAAAA" }],
        ["under an inherited name", { username: "__proto__", clientId: "__proto__" }],
        ["under another client id than the handle", { clientId: "somebody" }],
        ["under a client id that is none", { clientId: "a/b#" }],
        ["under a client id that is too long", { clientId: "a".repeat(33) }],
        ["with a will", { will: { topic: "b/x/u", payload: Buffer.of(1), qos: 1, retain: false } }],
        ["with a session to be kept", { clean: false }],
        ["without keep-alive", { keepalive: 0 }],
        ["with a keep-alive of an hour", { keepalive: 3600 }],
        ["with MQTT 5", { protocolVersion: 5 }],
        ["with MQTT 3.1", { protocolVersion: 3, protocolId: "MQIsdp" }],
    ]
    it.each(strangers)("%s", async (_name, options) => {
        const gateway = await aGateway()
        await expect(connect(gateway, options)).rejects.toThrow()
        expect((await health(gateway)).devicesConnected).toBe(0)
    })

    it("and a device that is already there stays connected", async () => {
        const gateway = await aGateway()
        const tracker = await HostTracker.connect(gateway)
        gateway.provision(OTHER_DEVICE)
        const other = gateway.keysOf(OTHER_DEVICE)!
        const intruder = connect(gateway, { username: other.handle, password: other.password })
        await expect(intruder).rejects.toThrow()
        await tracker.send(tracker.session.hello())
    })
})

describe("the connection is closed and nothing stored after a publish", () => {
    const publishes: [string, (handle: string, other: string) => [string, object]][] = [
        ["to another device's uplink", (_, other) => [uplinkTopic(other), { qos: 1 }]],
        ["to its own downlink", (own) => [downlinkTopic(own), { qos: 1 }]],
        ["below its own uplink", (own) => [`${uplinkTopic(own)}/x`, { qos: 1 }]],
        ["to the broker's own topics", () => ["$SYS/x", { qos: 1 }]],
        ["to be retained", (own) => [uplinkTopic(own), { qos: 1, retain: true }]],
        ["at QoS 0", (own) => [uplinkTopic(own), { qos: 0 }]],
        ["at QoS 2", (own) => [uplinkTopic(own), { qos: 2 }]],
    ]
    it.each(publishes)("%s", async (_name, aim) => {
        const gateway = await aGateway()
        gateway.provision(OTHER_DEVICE)
        const tracker = await HostTracker.connect(gateway)
        const [topic, options] = aim(tracker.keys.handle, gateway.keysOf(OTHER_DEVICE)!.handle)
        const ended = isEnded(tracker.client)
        tracker.client.publish(topic, tracker.session.hello(), options)
        expect(await ended).toBe(true)
        expect(gateway.ledger.count()).toBe(0)
    })
})

it.each([
    ["another device's downlink", (other: string) => downlinkTopic(other)],
    ["its own uplink", (_: string, own: string) => uplinkTopic(own)],
    ["every downlink", () => "b/+/d"],
    ["everything", () => "#"],
    ["the broker's own topics", () => "$SYS/#"],
])("nobody hears of %s", async (_name, filter) => {
    const gateway = await aGateway()
    gateway.provision(OTHER_DEVICE)
    const client = await connect(gateway)
    const topic = filter(gateway.keysOf(OTHER_DEVICE)!.handle, gateway.keysOf(DEVICE_ID)!.handle)
    const granted = await client.subscribeAsync(topic, { qos: 0 }).then(
        (subscriptions) => subscriptions.map(({ qos }) => qos as number),
        () => [128],
    )
    expect(granted).toEqual([128])

    const heard: string[] = []
    client.on("message", (topic) => heard.push(topic))
    const other = await HostTracker.connect(gateway, OTHER_DEVICE)
    await other.send(other.session.hello())
    expect(heard).toEqual([])
})

describe("a stranger on the wire", () => {
    /** Everything that comes back until the broker ends the connection. */
    function exchange(gateway: Gateway, bytes: Buffer): Promise<Buffer> {
        return new Promise((resolve) => {
            const parts: Buffer[] = []
            const socket: Socket = connectTcp(gateway.mqttPort, "127.0.0.1", () =>
                socket.write(bytes),
            )
            onTestFinished(() => void socket.destroy())
            socket.on("data", (part) => parts.push(part))
            socket.on("error", () => {})
            socket.on("close", () => resolve(Buffer.concat(parts)))
        })
    }
    const connectHead = [0, 4, 0x4d, 0x51, 0x54, 0x54]
    const text = (value: string) => [0, value.length, ...Buffer.from(value)]

    const packets: [string, number[], number[]][] = [
        ["that announces 256 MB gets nothing", [0x10, 0xff, 0xff, 0xff, 0x7f], []],
        ["whose length has no end gets nothing", [0x10, 0xff, 0xff, 0xff, 0xff, 0xff], []],
        ["that publishes before CONNECT gets nothing", [0x32, 7, 0, 1, 0x61, 0, 1, 1, 1], []],
        ["that pings before CONNECT gets nothing", [0xc0, 0], []],
        ["that speaks HTTP gets nothing", [...Buffer.from("GET / HTTP/1.1\r\n\r\n")], []],
        ["that speaks MQTT 5 is told so", [0x10, 7, ...connectHead, 5], [0x20, 2, 0, 1]],
        [
            "that names itself unlike a handle is told so",
            [0x10, 17, ...connectHead, 4, 2, 0, 60, ...text("a#b"), 0, 0],
            [0x20, 2, 0, 2],
        ],
    ]
    it.each(packets)("%s", async (_name, bytes, answer) => {
        const gateway = await aGateway()
        expect([...(await exchange(gateway, Buffer.from(bytes)))]).toEqual(answer)
    })

    it("who comes byte by byte is served like any other", async () => {
        const gateway = await aGateway()
        const { handle, password } = gateway.keysOf(DEVICE_ID)!
        const body = [
            ...connectHead,
            4,
            0xc2,
            0,
            60,
            ...text(handle),
            ...text(handle),
            ...text(password),
        ]
        const bytes = Buffer.from([0x10, body.length, ...body])
        const answer = await new Promise<Buffer>((resolve) => {
            const socket = connectTcp(gateway.mqttPort, "127.0.0.1", async () => {
                for (const byte of bytes) {
                    socket.write(Buffer.of(byte))
                    await new Promise(setImmediate)
                }
            })
            onTestFinished(() => void socket.destroy())
            socket.setNoDelay(true).once("data", resolve)
        })
        expect([...answer]).toEqual([0x20, 2, 0, 0])
    })

    it("who is admitted may announce no more than a record takes", async () => {
        const gateway = await aGateway()
        const client = await connect(gateway)
        const ended = isEnded(client)
        const { handle } = gateway.keysOf(DEVICE_ID)!
        client.publish(uplinkTopic(handle), Buffer.alloc(PACKET_BYTES_MAX), { qos: 1 })
        expect(await ended).toBe(true)
    })
})

it("one address has only so many sockets that have not said who they are", () => {
    const strangers = new Strangers()
    const peer = (remoteAddress: string) => ({ remoteAddress })
    const crowd = Array.from({ length: STRANGERS_PER_ADDRESS_MAX }, () => peer("192.0.2.1"))
    expect(crowd.every((one) => strangers.isWelcome(one))).toBe(true)
    expect(strangers.isWelcome(peer("192.0.2.1"))).toBe(false)
    expect(strangers.isWelcome(peer("192.0.2.2"))).toBe(true)
    for (let twice = 0; twice < 2; twice++) strangers.forget(crowd[0]!)
    expect(strangers.isWelcome(peer("192.0.2.1"))).toBe(true)
    expect(strangers.isWelcome(peer("192.0.2.1"))).toBe(false)
})

describe("when the ledger cannot be written", () => {
    it.each([
        ["because the disk is full", (gateway: Gateway) => fillDisk(gateway.ledger)],
        [
            "because the disk is broken",
            (_: Gateway, data: string) => refuseRows(data, "ledger.sqlite", "uplink"),
        ],
    ])("%s, nothing is acknowledged, and later the resend is stored", async (_name, spoil) => {
        const data = tempFolder()
        const told: string[] = []
        const gateway = await testGateway(aCase(), data, (_level, text) => told.push(text))
        let tracker = await HostTracker.connect(gateway)
        const { session } = tracker
        await tracker.send(session.hello())
        const mend = spoil(gateway, data)
        // A page may have room for a record or two yet: those are kept and acknowledged rightly.
        const sealed: Buffer[] = []
        let acknowledged = 0
        await expect(
            (async () => {
                for (; acknowledged < 100; acknowledged++) {
                    sealed.push(session.fixes(...Array.from({ length: 12 }, () => aFix())))
                    await tracker.publish(sealed.at(-1)!)
                }
            })(),
        ).rejects.toThrow("without PUBACK")
        expect(gateway.ledger.count()).toBe(1 + acknowledged)
        expect(told.join("\n")).toMatch(/uplink not kept: cannot append 1 uplinks to the ledger/)

        mend()
        tracker = await HostTracker.connect(gateway)
        tracker.session = session
        const ack = await tracker.send(sealed.at(-1)!)
        expect(ack.seq).toBe(session.nextSeq - 1)
        expect(gateway.ledger.count()).toBe(2 + acknowledged)
    })
})
