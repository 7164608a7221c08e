/** A whole fleet may share one address, behind a network's own translation. */
export const STRANGERS_PER_ADDRESS_MAX = 1000

interface Peer {
    readonly remoteAddress: string | undefined
}

/** Sockets whose owner is not known yet, counted for each address. */
export class Strangers {
    private readonly addresses = new Map<Peer, string>()
    private readonly counts = new Map<string, number>()

    /** Counts the peer; false, uncounted, when its address has too many. */
    isWelcome(peer: Peer): boolean {
        const address = peer.remoteAddress ?? "?"
        const count = this.counts.get(address) ?? 0
        if (count >= STRANGERS_PER_ADDRESS_MAX) return false
        this.addresses.set(peer, address)
        this.counts.set(address, count + 1)
        return true
    }

    /** The peer is known now, or gone. */
    forget(peer: Peer): void {
        const address = this.addresses.get(peer)
        if (address === undefined) return
        this.addresses.delete(peer)
        const left = (this.counts.get(address) ?? 1) - 1
        if (left > 0) this.counts.set(address, left)
        else this.counts.delete(address)
    }
}
