// Power that fails between any two bytes on their way into the FRAM, over a day. Whatever byte it is:
// no number is sealed under twice, nothing that was kept before is lost, and the tracker speaks again.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { Fram, powerCutAfter } from "../../simulator/chips/fram.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import type { CommuteDays } from "../support/commute.js"
import { ModelRig } from "../support/model-rig.js"

const DAY_H = 24
/** Forty minutes on the way early on: fixes, batches, windows, a stop. */
const DRIVER: CommuteDays = { there: [2, 2.4], back: [9, 9.3], drivesOn: () => true }

function rigOn(fram: Fram) {
    const sealed = new Map<string, string>()
    const reused: string[] = []
    const rig: ModelRig = new ModelRig({
        profile: ProfileNumber.normal,
        commute: DRIVER,
        fram,
        hasGauge: true,
        crypto: {
            aead: {
                ...nodeAead,
                seal: (key, nonce, ...rest) => {
                    // What a program does after its power has failed does not happen.
                    if (rig.tracker.state === "off") return nodeAead.seal(key, nonce, ...rest)
                    const name = `${key.toString("hex")}/${nonce.toString("hex")}`
                    const message = nodeAead.seal(key, nonce, ...rest)
                    const before = sealed.get(name)
                    if (before !== undefined && before !== message.toString("hex"))
                        reused.push(name)
                    sealed.set(name, message.toString("hex"))
                    return message
                },
            },
        },
    })
    return { rig, reused }
}

it("costs at most the record that was being written", { timeout: 3_600_000 }, async () => {
    let written = 0
    const whole = new Fram()
    whole.beforeByte = () => {
        written++
    }
    const { rig: calm } = rigOn(whole)
    calm.powerOn()
    await calm.runHours(DAY_H)
    const expected = calm.fixes().size
    expect(expected).toBeGreaterThan(30)

    const random = makePrng("power cuts")
    const count = cases(40, 4000)
    for (let i = 0; i < count; i++) {
        const at = Math.floor(((i + random.next()) / count) * written)
        const fram = new Fram()
        fram.beforeByte = powerCutAfter(at)
        const { rig, reused } = rigOn(fram)
        rig.powerOn()
        let heard = 0
        let cuts = 0
        for (let hour = 0; hour < DAY_H + 7; hour++) {
            await rig.runHours(1)
            if (rig.tracker.state !== "off") continue
            cuts++
            heard = rig.gateway.taken.length
            fram.beforeByte = undefined
            rig.powerOn()
        }
        const where = `cut before byte ${at} of ${written}`
        expect(cuts, where).toBe(1)
        expect(reused, where).toEqual([])
        expect(rig.gateway.taken.length, where).toBeGreaterThan(heard)
        expect(rig.gateway.unreadable, where).toBe(0)
        const numbers = [...rig.fixes().keys()].sort((a, b) => a - b)
        expect(numbers, where).toEqual(numbers.map((_, k) => k))
        // It is off for an hour at most, and a journey takes less.
        expect(numbers.length, where).toBeGreaterThan(expected - 30)
    }
    console.log(`${count} power cuts over ${written} bytes of a day`)
})
