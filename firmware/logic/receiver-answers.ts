// A u-blox receiver's answers to polls. They are longer than a solution (NAV-SAT takes 8 bytes and 12
// for each satellite) and nothing depends on any one of them: they are followed byte by byte and not
// held. An answer that is damaged is lost, with whatever answer begins inside of it, and asked again.
// Solutions have a scanner of their own, which sees the same bytes and loses nothing by that.

import { MON_HW, MON_RF, MON_VER, NAV_SAT, NAV_STATUS, SEC_SIG, SignalTally } from "./signal.js"

const SYNC_1 = 0xb5
const SYNC_2 = 0x62
const HEADER_BYTES = 6
/** 80 satellites; no receiver of ours has more channels in use. */
const PAYLOAD_BYTES_MAX = 968
/** Of a payload; the rest is satellites, or what nobody asks. */
const KEPT_BYTES = 60
const SAT_HEAD_BYTES = 8
const SAT_BYTES = 12
const SAT_CN0 = 2
const SAT_FLAGS = 8
const SAT_USED = 8
const IDS = [MON_HW, MON_RF, MON_VER, NAV_SAT, NAV_STATUS, SEC_SIG]

export interface UbxAnswer {
    /** Class, then id. */
    id: number
    /** Of the payload. */
    length: number
    /** The payload's beginning; zeros where it is shorter. */
    bytes: Buffer
    /** From NAV-SAT. */
    satellites: SignalTally
}

/** Fed any number of bytes at a time; answers whose checksum holds wait in `answers`. */
export class AnswerScanner {
    answers: UbxAnswer[] = []
    private at = 0
    private id = 0
    private length = 0
    private low = 0
    private high = 0
    private bytes = Buffer.alloc(KEPT_BYTES)
    private satellites = new SignalTally()
    /** Offset of the current byte within its satellite. */
    private ofSatellite = 0

    push(chunk: Buffer): void {
        for (let i = 0; i < chunk.length; i++) {
            const byte = chunk[i]
            if (this.at > 0 || byte === SYNC_1) this.take(byte)
        }
    }

    private take(byte: number): void {
        const at = this.at
        this.at++
        if (at === 0) return
        if (at === 1) {
            if (byte !== SYNC_2) this.at = byte === SYNC_1 ? 1 : 0
            this.low = 0
            this.high = 0
            return
        }
        const end = HEADER_BYTES + this.length
        if (at >= HEADER_BYTES && at === end) {
            if (byte !== this.low) this.at = 0
            return
        }
        if (at >= HEADER_BYTES && at > end) {
            this.at = 0
            if (byte === this.high) this.finish()
            return
        }
        this.low = (this.low + byte) & 255
        this.high = (this.high + this.low) & 255
        if (at < HEADER_BYTES) this.takeHeader(at, byte)
        else this.takePayload(at - HEADER_BYTES, byte)
    }

    private takeHeader(at: number, byte: number): void {
        if (at === 2) this.id = byte * 256
        else if (at === 3) {
            this.id += byte
            if (IDS.indexOf(this.id) < 0) this.at = 0
        } else if (at === 4) this.length = byte
        else {
            this.length += byte * 256
            if (this.length > PAYLOAD_BYTES_MAX) this.at = 0
            this.bytes = Buffer.alloc(KEPT_BYTES)
            this.satellites = new SignalTally()
            this.ofSatellite = 0
        }
    }

    private takePayload(at: number, byte: number): void {
        if (at < KEPT_BYTES) this.bytes[at] = byte
        if (this.id !== NAV_SAT || at < SAT_HEAD_BYTES) return
        if (this.ofSatellite === SAT_CN0) this.satellites.add(byte)
        else if (this.ofSatellite === SAT_FLAGS && (byte & SAT_USED) !== 0) this.satellites.used++
        this.ofSatellite++
        if (this.ofSatellite === SAT_BYTES) this.ofSatellite = 0
    }

    private finish(): void {
        this.answers.push({
            id: this.id,
            length: this.length,
            bytes: this.bytes,
            satellites: this.satellites,
        })
    }
}
