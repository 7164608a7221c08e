// A tracker that is told something under a real seal, with a real session and queue behind it.

import { FixedKeys } from "../../../firmware/logic/key-memory.js"
import type { Hash, Nvm } from "../../../firmware/logic/nvm.js"
import { NvmOutbox } from "../../../firmware/logic/nvm-outbox.js"
import { OrdersDesk } from "../../../firmware/logic/orders-desk.js"
import type { OrdersStore } from "../../../firmware/logic/orders-store.js"
import { RECORDS_MAX } from "../../../firmware/logic/record-list.js"
import { Session } from "../../../firmware/logic/session.js"
import { SessionStore } from "../../../firmware/logic/session-store.js"
import { CommandKind, sealCommand } from "../../../protocol/command.js"
import type { Aead } from "../../../protocol/envelope.js"
import { fenceArgs } from "../../../protocol/fence-order.js"
import type { Hkdf } from "../../../protocol/keys.js"
import { replacedPolygon } from "./orders-run.js"

const NOW_S = 1900000000
const DEVICE_ID = Buffer.from("00112233445566aa", "hex")

export class ToldTracker {
    private keys: FixedKeys
    private memory: SessionStore
    private outbox: NvmOutbox
    private session: Session

    constructor(
        nvm: Nvm,
        hash: Hash,
        private aead: Aead,
        hkdf: Hkdf,
    ) {
        this.keys = new FixedKeys(hkdf, Buffer.alloc(32), DEVICE_ID)
        this.memory = new SessionStore(nvm, hash)
        this.outbox = new NvmOutbox(nvm, hash)
        this.outbox.find(RECORDS_MAX)
        this.session = new Session({
            aead: aead,
            hash: hash,
            random: (count) => Buffer.alloc(count),
            uptimeMs: () => 2000,
            deviceId: DEVICE_ID,
            keys: this.keys,
            memory: this.memory,
            outbox: this.outbox,
            hello: () => Buffer.from("a0", "hex"),
        })
        this.session.open(true)
        this.session.noteTime(NOW_S)
    }

    /** All of it between two rests. The answer, and how many records wait. */
    replacePolygon(store: OrdersStore): string {
        const desk = new OrdersDesk({
            session: this.session,
            memory: this.memory,
            store: store,
            deviceId: DEVICE_ID,
            canWipe: true,
        })
        // None of the orders has a wipe to wait for.
        desk.keep({ ...desk.orders, wipeByS: -1 })
        const message = sealCommand(this.aead, this.keys.keys.down, this.memory.salt, 7, {
            kind: "command",
            expiresAtS: NOW_S + 60,
            mandate: desk.orders.mandate,
            order: CommandKind.polygon,
            args: fenceArgs(replacedPolygon()),
        })
        const handled = desk.receive(message, NOW_S, 100)
        if (handled.kind === "reject") return handled.reason
        const records = this.outbox.count()
        return `answer ${handled.answer} ${handled.effect}, ${records} records`
    }
}
