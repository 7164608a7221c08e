import { describe, expect, it } from "vitest"
import { PA1010D_UA } from "../../simulator/chips/currents.js"
import { I2cNak } from "../../simulator/chips/i2c-bus.js"
import { sentence } from "../../simulator/chips/nmea-sentences.js"
import { Pa1010d } from "../../simulator/chips/pa1010d.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { aSolution } from "../support/builders.js"

const START_MS = Date.UTC(2031, 0, 1)

describe("a receiver of another maker", () => {
    it("writes NMEA and fills up with line feeds", async () => {
        const { chip, run } = bench()
        await run(1)
        const bytes = Buffer.from(chip.read(1000)).toString("latin1")
        expect(bytes.startsWith("$GNRMC,000001.00,A,4708.35200,N,")).toBe(true)
        expect(bytes.endsWith("\n\n\n\n")).toBe(true)
        expect([...chip.read(3)]).toEqual([10, 10, 10])
    })
    it("thins its sentences and its rate by command, and says so", async () => {
        const { run, say, text } = bench()
        say("PMTK314,0,1,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0")
        say("PMTK220,2000")
        expect(text()).toBe("$PMTK001,314,3*36\r\n$PMTK001,220,3*30\r\n")
        await run(8)
        const names = text().match(/\$GN.../g)!
        expect(names.slice(-6)).toEqual([
            "$GNRMC",
            "$GNGGA",
            "$GNRMC",
            "$GNGGA",
            "$GNRMC",
            "$GNGGA",
        ])
    })
    it("does nothing on a bad checksum, and says when it does not know a command", () => {
        const { chip, say, text } = bench()
        chip.write(Buffer.from("$PMTK220,2000*00\r\n"))
        expect(text()).toBe("")
        say("PMTK999")
        expect(text()).toContain("PMTK001,999,1")
        say("PMTK605")
        expect(text()).toContain("PMTK705,AXN")
    })
    it("stands by until any byte, and is away in backup until the power comes again", async () => {
        const { chip, run, say, text } = bench()
        say("PMTK161,0")
        expect(chip.drawUa).toBe(PA1010D_UA.standby)
        await run(10)
        expect(text()).toBe("")
        chip.write(Buffer.from("\r\n"))
        await run(2)
        expect(text()).toContain("$GNRMC")
        say("PMTK225,4")
        expect(chip.drawUa).toBe(PA1010D_UA.backup)
        expect(() => chip.read(1)).toThrow(I2cNak)
        chip.powerOn()
        await run(2)
        expect(text()).toContain("$GNRMC")
    })
    it("searches under a sky, and starts hot or cold as told", async () => {
        const { chip, run, say } = bench({ hasSky: true })
        const firstFixS = () => (chip.search.firstFixAtMs! - chip.search.startedAtMs) / 1000
        expect(chip.drawUa).toBe(PA1010D_UA.acquisition)
        await run(60)
        expect(chip.drawUa).toBe(PA1010D_UA.tracking)
        const cold = firstFixS()
        expect(cold).toBeGreaterThan(10)
        say("PMTK101")
        await run(60)
        expect(firstFixS()).toBeLessThan(2)
        say("PMTK103")
        await run(60)
        expect(firstFixS()).toBe(cold)
    })
})

function bench({ hasSky = false } = {}) {
    const clock = new VirtualClock(START_MS)
    const sky = () => ({ satellites: 12, cn0DbHz: 42, isJammed: false, isSpoofed: false })
    const chip = new Pa1010d({ clock, source: aSolution, ...(hasSky ? { sky } : {}) })
    chip.powerOn()
    return {
        chip,
        say: (command: string) => chip.write(Buffer.from(sentence(command))),
        text: () =>
            Buffer.from(chip.read(4000)).toString("latin1").replace(/\n+$/, "\n").trimStart(),
        run: (seconds: number) => clock.runUntil(clock.nowMs + seconds * 1000, () => undefined),
    }
}
