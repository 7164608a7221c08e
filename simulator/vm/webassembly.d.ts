// The part of the WebAssembly interface that the machine uses; TypeScript keeps it in lib.dom,
// which would let browser names into host code.

declare namespace WebAssembly {
    class Module {
        constructor(bytes: Uint8Array<ArrayBuffer>)
    }
    class Instance {
        constructor(module: Module, imports: Record<string, ModuleImports>)
        readonly exports: Record<string, unknown>
    }
    class RuntimeError extends Error {}
    interface Memory {
        readonly buffer: ArrayBuffer
    }
    // biome-ignore lint/suspicious/noExplicitAny: the module calls each import with its own numbers
    type ModuleImports = Record<string, (...args: any[]) => unknown>
}
