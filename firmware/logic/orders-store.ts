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

export class NvmOrdersStore implements OrdersStore {
    private cells: CellPair

    constructor(nvm: Nvm, hash: Hash) {
        this.cells = new CellPair(nvm, hash, ORDER_CELLS_AT, ORDER_CELL_BYTES)
    }

    load(): Orders {
        const kept = this.cells.load()
        const orders = kept.length === 0 ? undefined : unpackOrders(kept[0])
        return orders === undefined ? newOrders() : orders
    }

    save(orders: Orders): boolean {
        return this.cells.store(packOrders(orders))
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
