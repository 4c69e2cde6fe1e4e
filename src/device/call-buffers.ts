import type { Device } from './device.js'
import { USAGE } from './webgpu.js'

/** What one call needs of a device's memory, bytes. */
export interface CallSize {
  readonly frames: number
  readonly raw: number
  readonly results: number
  /** Dispatches. */
  readonly dispatches: number
}

/** Bytes between the parameters of two dispatches, as every device takes them. */
export const UNIFORM_STRIDE = 256
/** Bytes of the entry of a frame. */
export const FRAME_ENTRY = 16

/** The memory of one call on a device, kept for further ones: calls are in flight side by side, each with its own. */
export class CallBuffers {
  readonly #device: Device
  readonly #made = new Map<string, GPUBuffer>()

  constructor(device: Device) {
    this.#device = device
  }

  /** Makes what is too small anew; what it returns is good until the next call of it. To be called in `checked`. */
  fit({ frames, raw, results, dispatches }: CallSize) {
    return {
      calls: this.#buffer('calls', dispatches * UNIFORM_STRIDE, USAGE.uniform | USAGE.copyTarget),
      frames: this.#buffer('frames', frames * FRAME_ENTRY, USAGE.storage | USAGE.copyTarget),
      raw: this.#buffer('raw', raw, USAGE.storage | USAGE.copyTarget),
      results: this.#buffer('results', results, USAGE.storage | USAGE.copySource),
      download: this.#buffer('download', results, USAGE.mapRead | USAGE.copyTarget),
    }
  }

  destroy(): void {
    for (const buffer of this.#made.values()) buffer.destroy()
    this.#made.clear()
  }

  #buffer(name: string, size: number, usage: number): GPUBuffer {
    const known = this.#made.get(name)
    if (known !== undefined && known.size >= size) return known
    known?.destroy()
    const made = this.#device.gpu.createBuffer({ label: name, size, usage })
    this.#made.set(name, made)
    return made
  }
}
