// The gateway tells the time in the ack of a hello [P-E34], and takes one that only asks for it as no
// reset [P-E35].

import { expect, it } from "vitest"
import { ACK_UTC_S_END, ACK_UTC_S_LEAST, encodeAck } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"
import { encodeHello, ResetCause } from "../../protocol/hello.js"
import { unixMs } from "../../protocol/units.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { aFix, aHello, HostTracker } from "../support/host-tracker.js"
import { testGateway } from "../support/test-gateway.js"

const NOW_S = 1_926_223_200
const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }

/** A gateway whose own clock stands at `nowS`. */
async function gatewayAt(nowS: number) {
    const clock = { nowMs: () => unixMs(nowS * 1000 + 999) }
    return await testGateway(aCase(), undefined, undefined, { clock })
}

it("the ack of a hello tells the whole second of UTC at which it was made, no other ack does", async () => {
    const gateway = await gatewayAt(NOW_S)
    const tracker = await HostTracker.connect(gateway)
    const { session } = tracker
    const hello = session.hello()
    expect(await tracker.send(hello)).toMatchObject({ seq: 0, utcS: NOW_S })
    const plain = await tracker.send(session.fixes(aFix()))
    expect(plain.utcS).toBeUndefined()
    // A hello that is held already is told the time again.
    expect(await tracker.send(hello)).toMatchObject({ seq: 0, utcS: NOW_S })
})

it("a hello that becomes durable together with other records is answered by itself", async () => {
    const gateway = await gatewayAt(NOW_S)
    const tracker = await HostTracker.connect(gateway)
    const { session } = tracker
    const together = [session.hello(), session.fixes(aFix()), session.fixes(aFix())]
    await Promise.all(together.map((message) => tracker.publish(message)))
    await expect
        .poll(() => tracker.downlinks.map((one) => session.readAck(one)))
        .toContainEqual(expect.objectContaining({ seq: 0, utcS: NOW_S }))
})

it.each([0, ACK_UTC_S_LEAST - 1, ACK_UTC_S_END])(
    "a gateway whose clock says %i leaves the time out",
    async (nowS) => {
        const gateway = await gatewayAt(nowS)
        const tracker = await HostTracker.connect(gateway)
        const ack = await tracker.send(tracker.session.hello())
        expect(ack).toMatchObject({ seq: 0 })
        expect(ack.utcS).toBeUndefined()
    },
)

it("a hello that asks for the time opens no gap, one after a reset does", async () => {
    const gateway = await testGateway(aCase())
    const tracker = await HostTracker.connect(gateway)
    const { session } = tracker
    const further = (resetCause: number) =>
        session.seal(MessageType.hello, encodeHello(aHello({ resetCause })))
    await tracker.send(session.hello())
    await tracker.send(session.fixes(aFix()))
    const asked = await tracker.send(further(ResetCause.none))
    expect(asked.utcS).toBeGreaterThanOrEqual(ACK_UTC_S_LEAST)
    await tracker.send(session.fixes(aFix()))
    await gateway.settled()
    expect(gateway.store.gaps(DEVICE_ID, ALL_TIME)).toEqual([])
    await tracker.send(further(ResetCause.power))
    await gateway.settled()
    expect(gateway.store.gaps(DEVICE_ID, ALL_TIME)).toMatchObject([{ cause: "restart" }])
})

it("an ack has six bytes more for the time", () => {
    const ack = { kind: "ack" as const, epoch: 3, session: 2, seq: 0, earlier: 0 }
    expect(encodeAck({ ...ack, utcS: NOW_S }).length - encodeAck(ack).length).toBe(6)
})
