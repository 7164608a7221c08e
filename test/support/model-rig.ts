// A tracker on Node in the world of the rigs.

import { createHash } from "node:crypto"
import { type Mission, newMission } from "../../firmware/logic/mission.js"
import { type Profile, profileOf } from "../../firmware/logic/profile.js"
import type { World } from "../../firmware/logic/tracker-loop.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { Ublox } from "../../simulator/chips/ublox.js"
import { totalMah } from "../../simulator/fleet/charge.js"
import {
    type ModelCrypto,
    ModelTracker,
    type StartTimes,
} from "../../simulator/fleet/model-tracker.js"
import { REGULATOR_UA, RIG_CHAIN, RIG_DEVICE, RigWorld, type RigWorldOptions } from "./rig-world.js"
import { seededBytes } from "./seeded-bytes.js"

export { RIG_DEVICE, RIG_START_MS } from "./rig-world.js"

const PROGRAM = Buffer.alloc(32, 1)

export interface ModelRigOptions extends RigWorldOptions {
    /** Of PROFILES. */
    profile: number | Profile
    mission?: Mission
    crypto?: Partial<ModelCrypto>
    around?: (world: World) => World
    startTimes?: StartTimes
    /** SHA-256 of the program that it passes for. */
    programHash?: Buffer
}

export class ModelRig extends RigWorld {
    readonly tracker: ModelTracker
    readonly receiver: Ublox

    constructor(options: ModelRigOptions) {
        super(options)
        const { seed = 1, profile, canWake = true, hasWakePin = true } = options
        const { clock, source, sky, luck } = this
        this.receiver = new Ublox({ clock, source, sky, random: luck, hasBackupSupply: true })
        this.tracker = new ModelTracker({
            clock,
            network: this.gateway,
            crypto: {
                aead: nodeAead,
                hkdf: nodeHkdf,
                sha256: (parts) => createHash("sha256").update(Buffer.concat(parts)).digest(),
                ...options.crypto,
            },
            deviceId: RIG_DEVICE,
            chainKey: RIG_CHAIN,
            brokerHost: "gateway",
            brokerPort: 1883,
            programHash: options.programHash ?? PROGRAM,
            profile: typeof profile === "number" ? profileOf(profile)! : profile,
            mission: options.mission ?? newMission(),
            canWake,
            hasWakePin,
            receiver: this.receiver,
            fram: this.fram,
            regulatorUa: REGULATOR_UA,
            parts: this.parts,
            ...(options.startTimes ? { startTimes: options.startTimes } : {}),
            ...(options.around ? { around: options.around } : {}),
            randomBytes: seededBytes(seed),
            onLog: (line) => this.said.push(line),
        })
    }

    /** Of all that was taken so far, in mAh; modelled. */
    usedMah(): number {
        return totalMah(this.tracker.usedMah)
    }

    protected pulseReset(): void {
        this.tracker.pulseReset()
    }
    protected switchOn(): void {
        this.tracker.powerOn()
    }
    protected switchOff(): void {
        this.tracker.powerOff()
    }
    protected settle(): Promise<void> | undefined {
        return this.tracker.isBusy ? Promise.resolve() : undefined
    }
}
