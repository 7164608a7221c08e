import type { Admitted } from "./intake.js"
import type { Ledger, Log, Vault } from "./ports.js"

/** Epochs before a device's newest one under whose handles it may still come. */
export const EPOCHS_BEHIND = 2
/** Epochs that it may have gone ahead of us; it stops itself at 60 [P-E23]. */
export const EPOCHS_AHEAD = 64

interface Handle {
    deviceId: string
    epoch: number
}

/** Devices by the handle under which they come: those of the epochs around each device's newest. */
export class Admission {
    private readonly handles = new Map<string, Handle>()
    private readonly newest = new Map<string, number>()

    /** A device whose key cannot be read is left out, and said so; the others come in. */
    constructor(
        private readonly vault: Vault,
        private readonly ledger: Pick<Ledger, "newestEpoch">,
        deviceIds: readonly string[],
        log: Log,
    ) {
        for (const deviceId of deviceIds) {
            try {
                this.add(deviceId)
            } catch (error) {
                log("error", `device ${deviceId} is not admitted: ${(error as Error).message}`)
            }
        }
    }

    byHandle(handle: string): Admitted | undefined {
        const found = this.handles.get(handle)
        const keys = found && this.vault.keysOf(found.deviceId, found.epoch)
        return keys && { deviceId: found.deviceId, keys }
    }

    add(deviceId: string): void {
        const epoch = this.ledger.newestEpoch(deviceId)
        this.newest.set(deviceId, epoch)
        this.open(deviceId, Math.max(0, epoch - EPOCHS_BEHIND), epoch + EPOCHS_AHEAD)
    }

    /** An authentic record of that epoch is durable: older handles close, further ones open. */
    advance(deviceId: string, epoch: number): void {
        const before = this.newest.get(deviceId)
        if (before === undefined || epoch <= before) return
        this.newest.set(deviceId, epoch)
        const first = Math.max(0, before - EPOCHS_BEHIND)
        for (const { handle } of this.vault.handlesOf(deviceId, first, epoch - EPOCHS_BEHIND - 1))
            this.handles.delete(handle)
        this.open(deviceId, before + EPOCHS_AHEAD + 1, epoch + EPOCHS_AHEAD)
    }

    private open(deviceId: string, first: number, last: number): void {
        for (const { epoch, handle } of this.vault.handlesOf(deviceId, first, last))
            this.handles.set(handle, { deviceId, epoch })
    }
}
