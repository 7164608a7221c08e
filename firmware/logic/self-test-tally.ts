// What is known of each part in a self-test, and the lines that say so.

/** Of SelfTestPart. */
const ALL_PARTS = 255
/** In the order of its bits. */
const NAMES = [
    "receiver",
    "signal",
    "accelerometer",
    "battery",
    "memory",
    "network",
    "gateway",
    "program",
]

/** The first word on a part stands: what comes later is passed over. */
export class SelfTestTally {
    /** Sums of SelfTestPart. */
    passed = 0
    failed = 0
    /** To be taken out and said. */
    lines: string[] = []
    /** Of all that is known, not fitted included. */
    private decided = 0

    /** `detail`: what was measured, in words without a line's end; empty for nothing. */
    pass(part: number, detail: string): void {
        if (this.decide(part, "pass", detail)) this.passed += part
    }
    fail(part: number, detail: string): void {
        if (this.decide(part, "fail", detail)) this.failed += part
    }
    leaveOut(part: number, detail: string): void {
        this.decide(part, "not-fitted", detail)
    }

    isOpen(part: number): boolean {
        return (this.decided & part) === 0
    }
    isDone(): boolean {
        return this.decided === ALL_PARTS
    }

    /** The last line. */
    end(tookS: number): void {
        const verdict = this.failed === 0 ? "pass" : "fail"
        this.say(`${verdict} passed=${this.passed} failed=${this.failed} took-s=${tookS}`)
    }

    say(line: string): void {
        this.lines.push(`self-test: ${line}`)
    }

    private decide(part: number, outcome: string, detail: string): boolean {
        if (!this.isOpen(part)) return false
        this.decided += part
        let bit = 0
        while (2 ** bit < part) bit++
        this.say(`${NAMES[bit]} ${outcome}${detail.length > 0 ? " " : ""}${detail}`)
        return true
    }
}
