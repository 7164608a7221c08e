// One tracker's chip: the DeviceScript machine as it ships, with clock, flash, randomness, sockets
// and bus given from outside. An instance lives from boot to power-off; the flash outlives it.

import type { Clock, Timer } from "./clock.js"
import type { Link, Network } from "./network.js"
import { machineModule } from "./wasm.js"

/** Answers what the program says to its twin; what it writes into `data` the program reads back. */
export type TwinHandler = (topic: string, data: Buffer) => void

export interface MachineOptions {
    clock: Clock
    network: Network
    /** 16 hexadecimal digits, the chip's own id. */
    chipId: string
    /** Contents of the flash store; written through when the program changes a setting. */
    flash: Buffer
    /** Fills a buffer with what the hardware's random source gave. */
    randomBytes: (count: number) => Uint8Array
    onTwin?: TwinHandler
    onLog?: (line: string) => void
    /** The runtime gave up (code), or the instance ended. The machine is off afterwards. */
    onStopped?: (reason: string) => void
}

/** The machine asks to be called again after at most this long. */
const TICK_MS = 10
/** A busy machine asks for 0 ms; time has to move on all the same. */
const TICK_LEAST_MS = 0.05
const FRAME_HEADER_BYTES = 16
const SOCKET_EVENT = { opened: 1, closed: 2, failed: 3, received: 4 } as const
const SOCKET_ERROR = -10

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
}

class Halt extends Error {}

export class Machine {
    private machine: MachineExports | undefined
    private memory = new Uint8Array(0)
    private timer: Timer | undefined
    private link: Link | undefined

    constructor(private readonly options: MachineOptions) {}

    get isRunning(): boolean {
        return this.machine !== undefined
    }

    /** Applies power: the program starts 1.2 s later. */
    boot(): void {
        if (this.machine) throw new Error("the machine runs already")
        const imports = { env: this.imports(), wasi_snapshot_preview1: this.standardOutput() }
        const instance = new WebAssembly.Instance(machineModule(), imports)
        const machine = instance.exports as unknown as MachineExports
        this.machine = machine
        this.memory = new Uint8Array(machine.memory.buffer)
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
        this.memory = new Uint8Array(0)
    }

    private tick(): void {
        let waitUs = 0
        this.run((machine) => {
            waitUs = machine.jd_em_process()
        })
        if (this.isRunning) this.scheduleTick(Math.max(waitUs / 1000, TICK_LEAST_MS))
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
            if (!(error instanceof Halt) && !(error instanceof WebAssembly.RuntimeError))
                throw error
            this.options.onStopped?.(error.message)
        }
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
                options.flash.set(this.memory.subarray(at, at + bytes + 1))
            },
            em_time_now: () => options.clock.nowMs,
            em_jd_crypto_get_random: (at: number, bytes: number) => {
                this.memory.set(options.randomBytes(bytes), at)
            },
            em_print_dmesg: (at: number) => options.onLog?.(this.text(at)),
            em_send_large_frame: (at: number, bytes: number) => this.twin(at, bytes),
            em_send_frame: () => {},
            em_deploy_handler: () => {},
            _devs_panic_handler: (code: number) => {
                if (code !== 0) options.onLog?.(`panic ${code}`)
            },
            _jd_tcpsock_new: (host: number, port: number) => this.openLink(this.text(host), port),
            _jd_tcpsock_write: (at: number, bytes: number) =>
                this.link?.write(Buffer.from(this.memory.slice(at, at + bytes))) ? 0 : SOCKET_ERROR,
            _jd_tcpsock_close: () => this.closeLink(),
            _jd_tcpsock_is_available: () => 1,
            emscripten_memcpy_big: (to: number, from: number, bytes: number) => {
                this.memory.copyWithin(to, from, from + bytes)
            },
            emscripten_resize_heap: () => {
                throw new Halt("out of memory")
            },
            abort: () => {
                throw new Halt("abort")
            },
            exit: (code: number) => {
                throw new Halt(`exit ${code}`)
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
