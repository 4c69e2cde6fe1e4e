// The part of the WebAssembly JavaScript interface that detcal uses: TypeScript declares it only in its DOM library.
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Memory {
    readonly buffer: SharedArrayBuffer
    constructor(descriptor: { initial: number; maximum: number; shared: true })
    /** Adds pages of 64 KiB: views made before end where it ended. */
    grow(pages: number): number
  }
  /** A trap or an abort inside a module: what its memory holds afterwards is anybody's guess. */
  class RuntimeError extends Error {}
  class Instance {
    readonly exports: Record<string, unknown>
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
  }
}
