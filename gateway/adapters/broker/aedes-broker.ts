// The device broker: MQTT 3.1.1 over TCP. It admits and bounds; it decides nothing else. A device
// comes under its own handle, publishes and subscribes under it only. The publish is held until
// `onPublish` has made it durable: Aedes acknowledges as soon as `authorizePublish` calls back.

import { timingSafeEqual } from "node:crypto"
import { createServer, type Server, type Socket } from "node:net"
import { Aedes, type Client, type ConnectPacket, type PublishPacket } from "aedes"
import { MESSAGE_BYTES_MAX } from "../../../protocol/envelope.js"
import { downlinkTopic, uplinkTopic } from "../../../protocol/topics.js"
import type { Admitted } from "../../core/intake.js"
import type { Log } from "../../core/ports.js"
import { PacketGate } from "./packet-gate.js"
import { Strangers } from "./strangers.js"

export interface BrokerOptions {
    host: string
    /** 0: the system picks one. */
    port: number
    /** The device behind a handle, or undefined. */
    admit: (handle: string) => Admitted | undefined
    /**
     * Called for each message of an admitted device. Resolves once the message may be acknowledged
     * to MQTT, with what to tell the device, if anything. Rejects when it could not be kept: the
     * connection is closed without an acknowledgement.
     */
    onPublish: (device: Admitted, message: Buffer, remote: string) => Promise<Buffer | undefined>
    /** A device connected while another connection of it was open. */
    onOverlap: (deviceId: string) => void
    log: Log
}

export interface Broker {
    port: number
    /** Devices that are admitted and connected. */
    connections(): number
    /** The device on its newest connection, or undefined while it has none. */
    connected(deviceId: string): Admitted | undefined
    /** Tells it something, once and without an acknowledgement. */
    send(device: Admitted, message: Buffer): void
    close(): Promise<void>
}

const CLIENT_ID = /^[A-Za-z0-9_-]{1,32}$/
const CONNECT_WAIT_MS = 5000
/** One reader that stalls would stop Aedes for everybody for its default of a minute. */
const DRAIN_WAIT_MS = 5000
/** Half a connection is noticed after at most one and a half of these. */
const KEEP_ALIVE_MAX_S = 255
const CONNECTIONS_MAX = 20_000
const BAD_CREDENTIALS = 4
const CONNACK_IDENTIFIER_REFUSED = Buffer.from([0x20, 2, 0, 2])

/** Throws when the port cannot be had. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
    const devices = new WeakMap<Client, Admitted>()
    /** The newest connection of each device. */
    const open = new Map<string, { gate: PacketGate; device: Admitted }>()
    const aedes = await Aedes.createBroker({
        connectTimeout: CONNECT_WAIT_MS,
        drainTimeout: DRAIN_WAIT_MS,
        maxClientsIdLength: 32,
    })
    const strangers = new Strangers()
    // Without an error Aedes would let the connection be, unanswered and with no time limit.
    aedes.preConnect = (client, packet, done) => {
        if (!isNamedAfterHandle(packet)) client.conn.write(CONNACK_IDENTIFIER_REFUSED)
        const isFit = isNamedAfterHandle(packet) && isBounded(packet)
        done(isFit ? null : new Error("not a device's CONNECT"), isFit)
    }
    aedes.authenticate = (client, username, password, done) => {
        const device = username ? options.admit(username) : undefined
        if (!device || !isSame(password, device.keys.password)) {
            done(
                Object.assign(new Error("bad credentials"), { returnCode: BAD_CREDENTIALS }),
                false,
            )
            return
        }
        devices.set(client, device)
        const gate = client.conn as unknown as PacketGate
        if (open.has(device.deviceId)) options.onOverlap(device.deviceId)
        open.set(device.deviceId, { gate, device })
        gate.once("close", () => {
            if (open.get(device.deviceId)?.gate === gate) open.delete(device.deviceId)
        })
        strangers.forget(client.conn as unknown as PacketGate)
        done(null, true)
    }
    aedes.authorizeSubscribe = (client, subscription, done) => {
        const device = client && devices.get(client)
        const isOwn = device && subscription.topic === downlinkTopic(device.keys.handle)
        done(null, isOwn ? subscription : null)
    }
    aedes.authorizePublish = (client, packet, done) => {
        const device = client && devices.get(client)
        if (!client || !device || !isUplink(packet, device)) {
            done(new Error("not a device's own uplink topic"))
            return
        }
        options.onPublish(device, packet.payload as Buffer, remoteOf(client)).then(
            (answer) => {
                done(null)
                if (answer) send(aedes, device, answer)
            },
            (error: Error) => {
                options.log("error", `uplink not kept: ${error.message}`)
                done(error)
            },
        )
    }
    const gates = new Set<PacketGate>()
    const server = createServer((socket) => {
        const gate = new PacketGate(socket)
        if (!strangers.isWelcome(gate)) {
            gate.destroy()
            return
        }
        gates.add(gate)
        gate.once("close", () => {
            gates.delete(gate)
            strangers.forget(gate)
        })
        aedes.handle(gate as unknown as Socket)
    })
    server.maxConnections = CONNECTIONS_MAX
    const close = async () => {
        server.close()
        await new Promise<void>((resolve) => aedes.close(() => resolve()))
        for (const gate of gates) gate.destroy()
    }
    try {
        await listen(server, options.host, options.port)
    } catch (error) {
        await close()
        throw error
    }
    // A lack of file handles, say: those who are connected stay so.
    server.on("error", (error) => options.log("error", `device port: ${error.message}`))
    const address = server.address()
    return {
        port: typeof address === "object" && address ? address.port : options.port,
        connections: () => aedes.connectedClients,
        connected: (deviceId) => open.get(deviceId)?.device,
        send: (device, message) => send(aedes, device, message),
        close,
    }
}

/**
 * A client that takes another's id ends that one's connection, so the id is the handle, which the
 * password then proves.
 */
function isNamedAfterHandle({ clientId, username }: ConnectPacket): boolean {
    return CLIENT_ID.test(clientId) && clientId === username
}
function isBounded({ clean, will, keepalive = 0 }: ConnectPacket): boolean {
    return clean === true && !will && keepalive > 0 && keepalive <= KEEP_ALIVE_MAX_S
}

function isUplink(packet: PublishPacket, { keys }: Admitted): boolean {
    const isOwn = packet.topic === uplinkTopic(keys.handle)
    return isOwn && packet.qos === 1 && !packet.retain && packet.payload.length <= MESSAGE_BYTES_MAX
}

/** QoS 0: the device sends a record again until it is told, so a lost answer costs one resend. */
function send(aedes: Aedes, { keys }: Admitted, payload: Buffer): void {
    const topic = downlinkTopic(keys.handle)
    aedes.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, () => {})
}

function isSame(given: Readonly<Buffer> | undefined, expected: string): boolean {
    const wanted = Buffer.from(expected)
    return given?.length === wanted.length && timingSafeEqual(given, wanted)
}

function remoteOf(client: Client): string {
    const { remoteAddress, remotePort } = client.conn as unknown as PacketGate
    return `${remoteAddress ?? "?"}:${remotePort ?? 0}`
}

function listen(server: Server, host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
        server.once("error", reject)
        server.listen(port, host, () => {
            server.off("error", reject)
            resolve()
        })
    })
}
