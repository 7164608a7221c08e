// The orders in force, over sleep and reset.

import { CellPair } from "./cell-pair.js"
import type { Hash, Nvm } from "./nvm.js"
import { ORDER_CELL_BYTES, ORDER_CELLS_AT } from "./nvm-layout.js"
import { newOrders, type Orders } from "./orders.js"
import { packOrders, unpackOrders } from "./orders-packing.js"

export interface OrdersStore {
    load(): Orders
    /** False when they could not be kept: then they must not be obeyed. */
    save(orders: Orders): boolean
}

const HEAD_BYTES = 8
const CONTENT_BYTES = ORDER_CELL_BYTES - HEAD_BYTES

export class NvmOrdersStore implements OrdersStore {
    private cells: CellPair

    constructor(nvm: Nvm, hash: Hash) {
        this.cells = new CellPair(nvm, hash, ORDER_CELLS_AT, ORDER_CELL_BYTES, CONTENT_BYTES)
    }

    load(): Orders {
        this.cells.load()
        const content = this.cells.content
        const orders = content === undefined ? undefined : unpackOrders(content)
        return orders === undefined ? newOrders() : orders
    }

    save(orders: Orders): boolean {
        const packed = packOrders(orders)
        if (packed.length > CONTENT_BYTES) return false
        const content = Buffer.alloc(CONTENT_BYTES)
        content.set(packed, 0)
        return this.cells.store(content)
    }
}

/** For boards without FRAM: orders last as long as the program. */
export class RamOrdersStore implements OrdersStore {
    private orders = newOrders()

    load(): Orders {
        return this.orders
    }
    save(orders: Orders): boolean {
        this.orders = orders
        return true
    }
}
