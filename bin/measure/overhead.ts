// What goes around a body on its way: the seal, and MQTT's frame. Both are made, not reckoned.

import { pubackPacket, publishPacket } from "../../firmware/logic/mqtt.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { encodeAck } from "../../protocol/ack.js"
import { MessageType, SALT_BYTES, sealMessage } from "../../protocol/envelope.js"
import { downlinkTopic, uplinkTopic } from "../../protocol/topics.js"

/** Any key, salt and handle: sizes do not depend on them. */
const KEY = Buffer.alloc(32, 1)
const SALT = Buffer.alloc(SALT_BYTES, 2)
const HANDLE = "abcdefgh"

/** Bytes that sealing adds to the record `seq` of a session whose hello is known to be held. */
export function securityBytes(body: Buffer, seq: number): number {
    const options = { type: MessageType.telemetry, salt: SALT, carrySalt: false, seq }
    return sealMessage(nodeAead, KEY, options, body).length - body.length
}

/** Bytes of the PUBLISH around a message: fixed header, topic and packet id. */
export function publishBytes(messageBytes: number, topic = uplinkTopic(HANDLE)): number {
    return publishPacket(topic, 1, Buffer.alloc(messageBytes)).length - messageBytes
}

/** What comes back for one message, in bytes: the broker's PUBACK, and the gateway's sealed ack. */
export function answerBytes(seq: number): { puback: number; ack: number; ackPuback: number } {
    const puback = pubackPacket(1).length
    const body = encodeAck({ kind: "ack", epoch: 0, session: 0, seq, earlier: 0xffffffff })
    const options = { type: MessageType.ack, salt: SALT, carrySalt: false, seq }
    const sealed = sealMessage(nodeAead, KEY, options, body).length
    return { puback, ack: sealed + publishBytes(sealed, downlinkTopic(HANDLE)), ackPuback: puback }
}
