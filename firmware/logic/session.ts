// A session: one salt, one sequence for everything the tracker seals. Each record is sealed once,
// when it is made, and resent byte for byte.

import type { Ack } from "../../protocol/ack.js"
import { decodeAck } from "../../protocol/ack.js"
import type { Command } from "../../protocol/command.js"
import { openCommand } from "../../protocol/command.js"
import type { Aead } from "../../protocol/envelope.js"
import {
    MessageType,
    openEnvelope,
    parseEnvelope,
    SEQ_MAX,
    sealMessage,
} from "../../protocol/envelope.js"
import { type Reject, reject } from "../../protocol/reject.js"
import type { KeyMemory } from "./key-memory.js"
import type { Hash } from "./nvm.js"
import type { Outbox } from "./outbox.js"
import { drawSalt } from "./salt.js"
import type { SessionMemory } from "./session-memory.js"

const RANDOM_BYTES = 32
const DAY_S = 86400
/** No record has this number. */
const NO_SEQ = -1

/** What the gateway says of the time [P-E34]. */
export interface ToldTime {
    /** Whole seconds, rounded down. */
    utcS: number
    /** From the making of the hello to the ack that tells. */
    roundTripMs: number
}

export interface SessionParts {
    aead: Aead
    hash: Hash
    random: (count: number) => Buffer
    uptimeMs: () => number
    deviceId: Buffer
    keys: KeyMemory
    memory: SessionMemory
    outbox: Outbox
    /** The body of the hello for a session counter. `isAsking`: nothing began, it asks for the time. */
    hello: (session: number, isAsking: boolean) => Buffer
}

export class Session {
    /** UTC in seconds at `timeAtMs` of this boot; 0 until somebody has told. */
    private timeS = 0
    private timeAtMs = 0
    private hasGreeted = false
    /** The newest hello of this start, until its ack has come, and when it was made. */
    private helloSeq = NO_SEQ
    private helloAtMs = 0

    constructor(private parts: SessionParts) {}

    /**
     * Whether there is no session to go on with: then `open` draws a salt, for which the radio must
     * have run. The queue is the witness: a number that it has seen was given out, whatever the
     * session's own cells say.
     */
    mustBegin(): boolean {
        const { memory, outbox } = this.parts
        const seen = outbox.newest
        if (!memory.isValid) return true
        if (seen === undefined || seen.session < memory.counter) return false
        return seen.session > memory.counter || seen.seq >= memory.reserved()
    }

    /** `resume` and `greet` in one, for a program that has nothing to seal in between. */
    open(isPlanned: boolean): void {
        this.resume()
        this.greet(isPlanned)
    }

    /** Goes on with the session that the memory holds, or begins one. To be called first. */
    resume(): void {
        const { memory, outbox } = this.parts
        if (this.mustBegin()) {
            this.begin()
            this.hasGreeted = true
            return
        }
        outbox.thinned = memory.thinned
        this.follow()
    }

    /**
     * To be called second. After a sleep that was planned nothing is said; any other reset has lost
     * what was in RAM, and another hello in the same session tells of it. What was sealed before it
     * is from before the reset.
     */
    greet(isPlanned: boolean): void {
        if (this.hasGreeted) return
        const { memory, outbox } = this.parts
        const isKnown = memory.isHelloHeld || outbox.holdsHello()
        if (!isPlanned || !isKnown) this.postHello(false)
        this.hasGreeted = true
    }

    /**
     * Asks the gateway for the time by a hello that tells of no reset [P-E35]. False while one of this
     * start waits in the queue: that one asks already.
     */
    askTime(): boolean {
        if (this.helloSeq !== NO_SEQ && this.parts.outbox.holdsHello()) return false
        this.postHello(true)
        return true
    }

    /**
     * What an ack for us says of the time; undefined unless it is that of the hello which was made last
     * since this start. To be called once for each ack, when it comes.
     */
    timeIn(ack: Ack): ToldTime | undefined {
        const isAnswer = ack.session === this.parts.memory.counter && ack.seq === this.helloSeq
        if (!isAnswer) return undefined
        this.helloSeq = NO_SEQ
        if (ack.utcS === undefined) return undefined
        return { utcS: ack.utcS, roundTripMs: this.parts.uptimeMs() - this.helloAtMs }
    }

    /** Seals a body and puts it into the outbox. The answer is the record's number. */
    post(type: number, body: Buffer): number {
        let seq = this.nextSeq()
        if (seq === undefined) {
            this.begin()
            seq = this.nextSeq()
        }
        if (seq === undefined) throw new Error("no number could be reserved: a record is lost")
        this.seal(type, seq, body)
        return seq
    }

    /**
     * Notes what a fix or the gateway says of the time, in seconds of UTC. True when the epoch has turned with it:
     * the handle and the password have changed, and the connection has to be made anew.
     */
    noteTime(utcS: number): boolean {
        this.timeS = utcS
        this.timeAtMs = this.parts.uptimeMs()
        const { keys, memory } = this.parts
        if (!keys.turnIfDue(Math.floor(utcS / DAY_S), memory.sealedInEpoch)) return false
        memory.sealedInEpoch = 0
        memory.save()
        this.follow()
        return true
    }

    /** The ack in a downlink message, or undefined when it is none for us. */
    readAck(message: Buffer): Ack | undefined {
        const { aead, keys, memory } = this.parts
        const envelope = parseEnvelope(message)
        if (envelope.kind === "reject") return undefined
        if (envelope.type !== MessageType.ack || envelope.salt !== undefined) return undefined
        const body = openEnvelope(aead, keys.keys.down, envelope, memory.salt)
        if (body === undefined) return undefined
        const ack = decodeAck(body)
        if (ack.kind === "reject" || ack.epoch > keys.keys.epoch) return undefined
        return ack
    }

    /** To be called after an ack was applied to the outbox. */
    noteHeld(ack: Ack): void {
        const { keys, memory, outbox } = this.parts
        // Only a record of today's epoch brings the gateway there for good.
        if (ack.epoch === keys.keys.epoch) keys.noteAnswered()
        if (memory.isHelloHeld || outbox.holdsHello()) return
        memory.isHelloHeld = true
        memory.save()
        this.follow()
    }

    /**
     * The command in a downlink message, to be obeyed now; or why it is none. Its counter is kept
     * before this returns: a reset may lose a command, but none is obeyed twice.
     */
    readCommand(message: Buffer): Command | Reject {
        const { aead, keys, memory } = this.parts
        const opened = openCommand(aead, keys.keys.down, memory.salt, message)
        if (opened.kind === "reject") return opened
        if (opened.counter < memory.nextCommand || opened.counter === SEQ_MAX)
            return reject("command-repeated")
        if (this.timeS === 0) return reject("time-unknown")
        const elapsedS = Math.floor((this.parts.uptimeMs() - this.timeAtMs) / 1000)
        if (this.timeS + elapsedS >= opened.command.expiresAtS) return reject("command-expired")
        const before = memory.nextCommand
        memory.nextCommand = opened.counter + 1
        if (!memory.save()) {
            memory.nextCommand = before
            return reject("counter-not-kept")
        }
        return opened.command
    }

    /** A new salt, and the hello that brings it. */
    private begin(): void {
        const { memory, outbox, hash, deviceId } = this.parts
        const seen = outbox.newest
        const counter = memory.nextCounter(seen === undefined ? 0 : seen.session)
        const drawn = drawSalt(hash, {
            random: this.parts.random(RANDOM_BYTES),
            pool: memory.seedPool(),
            counter: counter,
            uptimeMs: this.parts.uptimeMs(),
            deviceId: deviceId,
        })
        memory.refreshSeedPool(drawn.pool)
        memory.begin(counter, drawn.salt)
        outbox.thinned = 0
        this.follow()
        this.postHello(false)
    }

    private postHello(isAsking: boolean): void {
        const seq = this.nextSeq()
        if (seq === undefined) throw new Error("no number could be reserved for the hello")
        this.seal(MessageType.hello, seq, this.parts.hello(this.parts.memory.counter, isAsking))
        this.helloSeq = seq
        this.helloAtMs = this.parts.uptimeMs()
    }

    private nextSeq(): number | undefined {
        const { memory, outbox } = this.parts
        outbox.makeRoom()
        memory.thinned = outbox.thinned
        memory.sealedInEpoch++
        return memory.reserve()
    }

    private seal(type: number, seq: number, body: Buffer): void {
        const { aead, keys, memory, outbox } = this.parts
        const carrySalt = !memory.isHelloHeld
        const options = { type: type, salt: memory.salt, carrySalt: carrySalt, seq: seq }
        const name = {
            epoch: keys.keys.epoch,
            session: memory.counter,
            seq: seq,
            type: type,
        }
        outbox.push(name, sealMessage(aead, keys.keys.up, options, body))
    }

    /** The outbox wraps what is not of today's epoch and session. */
    private follow(): void {
        this.parts.outbox.epoch = this.parts.keys.keys.epoch
        this.parts.outbox.session = this.parts.memory.counter
        this.parts.outbox.isHelloFirst = !this.parts.memory.isHelloHeld
    }
}
