// The device broker: MQTT 3.1.1 over TCP. It admits and bounds; it decides nothing else. A device
// publishes and subscribes under its own handle only. The publish is held until `onPublish` has made
// it durable: Aedes acknowledges as soon as `authorizePublish` calls back.

import { timingSafeEqual } from "node:crypto"
import { createServer, type Server } from "node:net"
import { Aedes, type Client, type PublishPacket } from "aedes"
import { MESSAGE_BYTES_MAX } from "../../../protocol/envelope.js"
import { downlinkTopic, uplinkTopic } from "../../../protocol/topics.js"
import type { Admitted } from "../../core/intake.js"
import type { Log } from "../../core/ports.js"

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
    log: Log
}

export interface Broker {
    port: number
    connections(): number
    close(): Promise<void>
}

const CLIENT_ID = /^[A-Za-z0-9_-]{1,32}$/
const CONNECT_WAIT_MS = 5000
/** One reader that stalls would stop Aedes for everybody for its default of a minute. */
const DRAIN_WAIT_MS = 5000
const CONNECTIONS_MAX = 20_000
const BAD_CREDENTIALS = 4

/** Throws when the port cannot be had. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
    const devices = new WeakMap<Client, Admitted>()
    const aedes = await Aedes.createBroker({
        connectTimeout: CONNECT_WAIT_MS,
        drainTimeout: DRAIN_WAIT_MS,
        maxClientsIdLength: 32,
    })
    aedes.preConnect = (_client, packet, done) => {
        const isFit = CLIENT_ID.test(packet.clientId) && packet.clean === true && !packet.will
        done(null, isFit)
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
    const server = createServer((socket) => aedes.handle(socket))
    server.maxConnections = CONNECTIONS_MAX
    await listen(server, options.host, options.port)
    const address = server.address()
    return {
        port: typeof address === "object" && address ? address.port : options.port,
        connections: () => aedes.connectedClients,
        close: async () => {
            server.close()
            await new Promise<void>((resolve) => aedes.close(() => resolve()))
        },
    }
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
    const { remoteAddress, remotePort } = client.conn as {
        remoteAddress?: string
        remotePort?: number
    }
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
