// The end of the mandate, as the tracker keeps it [P-E65]. A fix brings its own time, so each is
// decided by itself: from the end second on none is kept, sent or compared with a fence.
//
// That the end is past outlives what knows the time: once END_SEEN_FIXES fixes in a row have shown it,
// it stays so through resets and while the time is unknown, until a mandate order says otherwise. One
// fix alone does not settle it, since a receiver whose clock is wrong for a moment would silence the
// tracker until somebody asks.
//
// Until then a tracker that does not know the time may look: the fix will tell, and is dropped if it
// is past the end.

import type { Orders } from "./orders.js"

export const END_SEEN_FIXES = 3

/**
 * Whether a position of this UTC (in seconds; -1 while it is unknown) may be taken and kept. Before
 * the first mandate order it may: the gateway opens none outside a mandate.
 */
export function mayReport(orders: Orders, utcS: number): boolean {
    return orders.wipeByS < 0 && !hasEnded(orders, utcS)
}

/** Whether the mandate in force is past at this UTC, in seconds; -1 while it is unknown. */
export function hasEnded(orders: Orders, utcS: number): boolean {
    if (orders.mandateEndS < 0) return false
    return orders.endSeen >= END_SEEN_FIXES || utcS >= orders.mandateEndS
}

/**
 * The orders after a fix of this UTC in seconds. The same object while nothing has changed: then
 * there is nothing to keep.
 */
export function noteFixTime(orders: Orders, utcS: number): Orders {
    if (orders.mandateEndS < 0 || orders.endSeen >= END_SEEN_FIXES) return orders
    const seen = utcS >= orders.mandateEndS ? orders.endSeen + 1 : 0
    return seen === orders.endSeen ? orders : { ...orders, endSeen: seen }
}
