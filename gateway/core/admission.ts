import type { Admitted } from "./intake.js"
import type { Log, Vault } from "./ports.js"

/** Devices by the handle under which they come. */
export class Admission {
    private readonly handles = new Map<string, Admitted>()

    /** A device whose key cannot be read is left out, and said so; the others come in. */
    constructor(
        private readonly vault: Vault,
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
        return this.handles.get(handle)
    }

    add(deviceId: string): void {
        const keys = this.vault.keysOf(deviceId, 0)
        if (keys) this.handles.set(keys.handle, { deviceId, keys })
    }
}
