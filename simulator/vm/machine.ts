// One tracker's chip: the DeviceScript machine as it ships, with clock, flash, randomness, sockets
// and bus given from outside. An instance lives from boot to power-off; the flash outlives it.

import type { Clock, Timer } from "./clock.js"
import { FiberTimes } from "./fiber-times.js"
import { frameBytes, frameOf, isStandby, standbyMsOf } from "./jacdac.js"
import type { Link, Network } from "./network.js"
import { machineModule } from "./wasm.js"

/** Answers what the program says to its twin; what it writes into `data` the program reads back. */
export type TwinHandler = (topic: string, data: Buffer) => void

/** How an instance ended by itself. */
export type Ending =
    /** The program asked for sleep; the chip wakes by its timer, as after a reset. */
    | { kind: "standby"; ms: number }
    | { kind: "reboot" }
    /** The runtime gave up. */
    | { kind: "panic"; reason: string }
    /** The supply failed in the middle of a transaction or of a flash write. */
    | { kind: "outage" }

/** Thrown by what the machine calls (`onTwin`, `writeFlash`): nothing after this happens on the chip. */
export class Outage extends Error {}

export interface MachineOptions {
    clock: Clock
    network: Network
    /** 16 hexadecimal digits, the chip's own id. */
    chipId: string
    /** Contents of the flash store; written through when the program changes a setting. */
    flash: Buffer
    /** Takes the image that the runtime writes back; it is copied into `flash` where left out. */
    writeFlash?: (flash: Buffer, image: Uint8Array) => void
    /** Fills a buffer with what the hardware's random source gave. */
    randomBytes: (count: number) => Uint8Array
    onTwin?: TwinHandler
    onLog?: (line: string) => void
    /** A Jacdac frame that the machine sent to the bus, its own services' answers included. */
    onFrame?: (frame: Buffer) => void
    /** False where the network interface is down: a socket cannot even be tried. */
    isOnline?: () => boolean
    /** The instance ended by itself, and why in words. The machine is off afterwards. */
    onStopped?: (reason: string, ending: Ending) => void
    /** False calls the machine every 10 ms, as the chip's main loop does; the program sees no difference. */
    isIdleSkipped?: boolean
    /** Steps without a rest after which the machine stops the program; as the release has it. */
    stepsMax?: number
}

/** The machine asks to be called again after at most this long. */
const TICK_MS = 10
/**
 * Idle time is skipped up to this long. The runtime forgets a device, its own chip included, that
 * has not announced itself for 2 s, and it announces only when called.
 */
const IDLE_MAX_MS = 1500
/** Uptime in milliseconds is a 32-bit number to the program. */
const UPTIME_WRAP_MS = 2 ** 32
/** The runtime counts from this much before its first look at the clock. */
const UPTIME_AT_BOOT_MS = 0.123
/** A busy machine asks for 0 ms; time has to move on all the same. */
const TICK_LEAST_MS = 0.05
const FRAME_HEADER_BYTES = 16
const SOCKET_EVENT = { opened: 1, closed: 2, failed: 3, received: 4 } as const
const SOCKET_ERROR = -10
/** Takes what it is given and brings nothing: the far end is out of reach and nobody has said so. */
const DEAF_LINK: Link = { write: () => true, close: () => {} }

/** What the WebAssembly module exports and this host calls. */
interface MachineExports {
    memory: WebAssembly.Memory
    malloc(bytes: number): number
    free(at: number): void
    emscripten_stack_init(): void
    __wasm_call_ctors(): void
    jd_em_set_device_id_string(at: number): void
    jd_em_init(): void
    jd_em_process(): number
    jd_em_tcpsock_on_event(event: number, at: number, bytes: number): void
    jd_em_frame_received(at: number): number
}

class Halt extends Error {
    constructor(
        message: string,
        readonly ending: Ending,
    ) {
        super(message)
    }
}

export class Machine {
    private machine: MachineExports | undefined
    private memory = new Uint8Array(0)
    private timer: Timer | undefined
    private link: Link | undefined
    private fibers: FiberTimes | undefined
    private bootedAtMs = 0
    /** The program has asked for it in the call that is running. */
    private standbyMs: number | undefined
    private hasSent = false

    constructor(private readonly options: MachineOptions) {}

    get isRunning(): boolean {
        return this.machine !== undefined
    }

    /** Applies power: the program starts 1.2 s later. */
    boot(): void {
        if (this.machine) throw new Error("the machine runs already")
        const imports = { env: this.imports(), wasi_snapshot_preview1: this.standardOutput() }
        const instance = new WebAssembly.Instance(machineModule(this.options.stepsMax), imports)
        const machine = instance.exports as unknown as MachineExports
        this.machine = machine
        this.memory = new Uint8Array(machine.memory.buffer)
        this.fibers = new FiberTimes(machine.memory.buffer)
        this.bootedAtMs = this.options.clock.nowMs
        this.standbyMs = undefined
        this.run(() => {
            machine.emscripten_stack_init()
            machine.__wasm_call_ctors()
            const id = this.put(Buffer.from(`${this.options.chipId}\0`, "latin1"))
            machine.jd_em_set_device_id_string(id)
            machine.free(id)
            machine.jd_em_init()
        })
        this.scheduleTick(TICK_MS)
    }

    /** Takes power away between two instructions. RAM is gone, flash stays. */
    powerOff(): void {
        this.timer?.cancel()
        this.link?.close()
        this.link = undefined
        this.machine = undefined
        this.fibers = undefined
        this.memory = new Uint8Array(0)
    }

    /** Puts a frame on the chip's bus. Call it from the clock, never from within `onFrame`. */
    receive(frame: Buffer): void {
        this.run((machine) => {
            const at = this.put(frame)
            machine.jd_em_frame_received(at)
            machine.free(at)
        })
        if (this.isRunning) this.tick()
    }
    /**
     * The network has gone from under an open socket: the program hears nothing of it. The far end
     * sees the connection closed, as it would in the field only after a time limit of its own.
     */
    dropLink(): void {
        this.link?.close()
        if (this.link) this.link = DEAF_LINK
    }

    private tick(): void {
        let waitUs = 0
        this.hasSent = false
        this.run((machine) => {
            waitUs = machine.jd_em_process()
        })
        if (this.isRunning) this.scheduleTick(this.waitMs(waitUs / 1000))
    }
    /**
     * Time until the machine has something to do. Between the wake-ups of its fibers it only repeats
     * what it has said, so a machine that has sent nothing is left alone until then.
     */
    private waitMs(askedMs: number): number {
        const least = Math.max(askedMs, TICK_LEAST_MS)
        if (this.hasSent || this.options.isIdleSkipped === false) return least
        const idleMs = this.fibers?.idleMs(this.uptimeMs())
        return idleMs === undefined ? least : Math.max(Math.min(idleMs, IDLE_MAX_MS), TICK_LEAST_MS)
    }
    private uptimeMs(): number {
        return this.machineNowMs() - this.bootedAtMs + UPTIME_AT_BOOT_MS
    }
    /**
     * In the last millisecond before the uptime wraps, every fiber that sleeps across the wrap wakes
     * again and again; then all of them sleep for ever. The chip spins through it, and so it is
     * passed over here, where the clock stands still meanwhile.
     */
    private machineNowMs(): number {
        const { nowMs } = this.options.clock
        const untilWrapMs =
            UPTIME_WRAP_MS - ((nowMs - this.bootedAtMs + UPTIME_AT_BOOT_MS) % UPTIME_WRAP_MS)
        return untilWrapMs <= 1 ? nowMs + untilWrapMs : nowMs
    }
    private scheduleTick(delayMs: number): void {
        this.timer?.cancel()
        this.timer = this.options.clock.after(delayMs, () => this.tick())
    }
    /** Enters the machine; an exit or a trap in there powers it off. */
    private run(enter: (machine: MachineExports) => void): void {
        if (!this.machine) return
        try {
            enter(this.machine)
        } catch (error) {
            this.powerOff()
            const ending = endingOf(error)
            if (!ending) throw error
            this.options.onStopped?.((error as Error).message, ending)
        }
    }
    private exitEnding(): Ending {
        return this.standbyMs === undefined
            ? { kind: "reboot" }
            : { kind: "standby", ms: this.standbyMs }
    }
    private sent(at: number): void {
        this.hasSent = true
        const frame = frameOf(Buffer.from(this.memory.slice(at, at + frameBytes(this.memory, at))))
        if (isStandby(frame, this.options.chipId)) this.standbyMs = standbyMsOf(frame)
        this.options.onFrame?.(frame.bytes)
    }

    private imports(): WebAssembly.ModuleImports {
        const options = this.options
        return {
            em_flash_size: () => options.flash.length,
            em_flash_load: (at: number, bytes: number) => {
                this.memory.set(options.flash.subarray(0, bytes), at)
            },
            // The runtime passes one byte less than it changed; without the last byte the program's
            // hash would change at every boot.
            em_flash_save: (at: number, bytes: number) => {
                const image = this.memory.subarray(at, at + bytes + 1)
                if (options.writeFlash) options.writeFlash(options.flash, image)
                else options.flash.set(image)
            },
            em_time_now: () => this.machineNowMs(),
            em_jd_crypto_get_random: (at: number, bytes: number) => {
                this.memory.set(options.randomBytes(bytes), at)
            },
            em_print_dmesg: (at: number) => options.onLog?.(this.text(at)),
            em_send_large_frame: (at: number, bytes: number) => this.twin(at, bytes),
            em_send_frame: (at: number) => this.sent(at),
            em_deploy_handler: () => {},
            _devs_panic_handler: (code: number) => {
                if (code !== 0) options.onLog?.(`panic ${code}`)
            },
            _jd_tcpsock_new: (host: number, port: number) => this.openLink(this.text(host), port),
            _jd_tcpsock_write: (at: number, bytes: number) =>
                this.link?.write(Buffer.from(this.memory.slice(at, at + bytes))) ? 0 : SOCKET_ERROR,
            _jd_tcpsock_close: () => this.closeLink(),
            _jd_tcpsock_is_available: () => (options.isOnline?.() === false ? 0 : 1),
            emscripten_memcpy_big: (to: number, from: number, bytes: number) => {
                this.memory.copyWithin(to, from, from + bytes)
            },
            emscripten_resize_heap: () => {
                throw new Halt("out of memory", panicEnding("out of memory"))
            },
            abort: () => {
                throw new Halt("abort", panicEnding("abort"))
            },
            exit: (code: number) => {
                throw new Halt(`exit ${code}`, this.exitEnding())
            },
        }
    }
    private standardOutput(): WebAssembly.ModuleImports {
        return { fd_close: () => 0, fd_seek: () => 0, fd_write: () => 0 }
    }

    /** Frame: header, topic, zero, data. The host writes its answer over the data. */
    private twin(at: number, bytes: number): void {
        const topic = this.text(at + FRAME_HEADER_BYTES)
        const start = at + FRAME_HEADER_BYTES + Buffer.byteLength(topic) + 1
        this.options.onTwin?.(topic, Buffer.from(this.memory.buffer, start, at + bytes - start))
    }

    private openLink(host: string, port: number): number {
        this.link?.close()
        const link = this.options.network.open(host, Math.abs(port), {
            opened: () => this.linkEvent(link, SOCKET_EVENT.opened),
            received: (bytes) => this.linkEvent(link, SOCKET_EVENT.received, bytes),
            closed: () => this.linkEvent(link, SOCKET_EVENT.closed),
            failed: (reason) => this.linkEvent(link, SOCKET_EVENT.failed, Buffer.from(reason)),
        })
        this.link = link
        return 0
    }
    private closeLink(): number {
        if (!this.link) return SOCKET_ERROR
        this.link.close()
        this.link = undefined
        return 0
    }
    private linkEvent(link: Link, event: number, detail?: Buffer): void {
        if (this.link !== link) return
        if (event === SOCKET_EVENT.closed || event === SOCKET_EVENT.failed) this.link = undefined
        this.run((machine) => {
            const at = detail ? this.put(detail) : 0
            machine.jd_em_tcpsock_on_event(event, at, detail?.length ?? 0)
            if (at) machine.free(at)
        })
        if (this.isRunning) this.tick()
    }

    private put(bytes: Uint8Array): number {
        const at = this.machine!.malloc(bytes.length || 1)
        this.memory.set(bytes, at)
        return at
    }
    private text(at: number): string {
        const end = this.memory.indexOf(0, at)
        return Buffer.from(this.memory.subarray(at, end)).toString()
    }
}

/** Undefined for an error that is none of the machine's. */
function endingOf(error: unknown): Ending | undefined {
    if (error instanceof Halt) return error.ending
    if (error instanceof Outage) return { kind: "outage" }
    if (error instanceof WebAssembly.RuntimeError) return panicEnding(`trap: ${error.message}`)
    return undefined
}
function panicEnding(reason: string): Ending {
    return { kind: "panic", reason }
}
