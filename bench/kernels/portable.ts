import { PORTABLE_KERNELS, type PortableKernel, type PortablePixel } from '../../kernels/gpu/portable.js'
import type { Trial } from '../../src/device/trial.js'
import { MAP_READ, USAGE, webGpu } from '../../src/device/webgpu.js'

/** The parts of gpu.js that are used. */
interface PortableModule {
  readonly GPU: new (options: {
    mode: 'webgpu'
  }) => {
    createKernel(
      kernel: object,
      options: { output: number[]; pipeline: true; immutable: true; constants?: Record<string, number> },
    ): (...rows: object[]) => Promise<Handle>
    destroy(): Promise<void>
  }
  readonly input: (flat: Float32Array, size: number[]) => object
}

/** A result that stays on the device. */
interface Handle {
  readonly buffer: GPUBuffer
  readonly context: { readonly device: GPUDevice }
  delete(): void
}

/** A correction by gpu.js on WebGPU, a call a tile. Its device is its own. */
export interface Portable {
  /** Corrects the trial's frames from one on, all of one cell, into its slot. */
  correct(trial: Trial, first: number): Promise<void>
  close(): Promise<void>
}

/** Undefined where there is no such kernel. @throws what gpu.js throws: it may not be installed. */
export async function openPortable(
  name: string,
  pixels: number,
  frames: number,
): Promise<Portable | undefined> {
  const portable = PORTABLE_KERNELS[name]
  if (portable === undefined) return undefined
  const navigator = { gpu: await webGpu() }
  // Where gpu.js looks for WebGPU.
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  const { default: module } = (await import('gpu.js')) as unknown as { default: PortableModule }
  const gpu = new module.GPU({ mode: 'webgpu' })
  const options = { pipeline: true, immutable: true } as const
  const kernel = gpu.createKernel(portable.kernel, {
    ...{ output: [pixels, frames], constants: { mg: 1000, hg: 1000 }, ...options },
  })
  const rows = portable.planes.reduce((sum, [, kind]) => sum + (kind === 'mask' ? 2 : 1), 0)
  const keep = gpu.createKernel(kept, { output: [pixels, rows], ...options })
  const resident = new Map<number, Handle>()
  const results = new Results(pixels * frames)
  return {
    correct: async (trial, first) => {
      const cell = trial.tile.cells?.[first] ?? trial.tile.cell
      const constants = trial.constants[cell]
      if (constants === undefined) throw new Error(`there is no cell ${cell}`)
      let planes = resident.get(cell)
      if (planes === undefined) {
        planes = await keep(module.input(planesOf(portable, constants, pixels), [pixels, rows]))
        resident.set(cell, planes)
      }
      const raw = Float32Array.from(rawOf(trial, first, frames))
      const result = await kernel(module.input(raw, [pixels, raw.length / pixels]), planes)
      await results.take(result, trial, first, frames)
      result.delete()
    },
    close: async () => {
      const [first] = resident.values()
      for (const planes of resident.values()) planes.delete()
      results.destroy()
      await gpu.destroy()
      first?.context.device.destroy()
      await first?.context.device.lost
    },
  }
}

/** A kernel whose result is its argument: what it is given stays on the device. */
function kept(this: { thread: { x: number; y: number } }, a: number[][]): number {
  return a[this.thread.y]![this.thread.x]!
}

function rawOf({ raw, slot }: Trial, first: number, frames: number): Uint16Array {
  const length = slot.layout.rawFrameBytes / 2
  return raw.subarray(first * length, (first + frames) * length)
}

/** Rows as a portable kernel reads them, from the words of a cell. */
function planesOf({ planes }: PortableKernel, words: Uint32Array, pixels: number): Float32Array {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length)
  const rows = planes.flatMap(([plane, kind]): ArrayLike<number>[] => {
    const from = plane * pixels
    const own = words.subarray(from, from + pixels)
    if (kind === 'mask') return [own.map(bits => bits & 0xffff), own.map(bits => bits >>> 16)]
    const values = floats.subarray(from, from + pixels)
    return [kind === 'above' ? values.map(leastAbove) : values]
  })
  const flat = new Float32Array(rows.length * pixels)
  for (const [i, row] of rows.entries()) flat.set(row, i * pixels)
  return flat
}

/** The least integer r of 16 bits with r > t (kernels/gpu/prepare.ts). */
function leastAbove(t: number): number {
  return Number.isNaN(t) || t >= 65535 ? 65536 : t < 0 ? 0 : Math.floor(t) + 1
}

/** Brings results from the device: four f32 a pixel, whatever they are. */
class Results {
  readonly #pixels: number
  #download: GPUBuffer | undefined

  constructor(pixels: number) {
    this.#pixels = pixels
  }

  async take(
    { buffer, context }: Handle,
    { slot, tile }: Trial,
    first: number,
    frames: number,
  ): Promise<void> {
    const { device } = context
    const size = 16 * this.#pixels
    this.#download ??= device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTarget })
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, this.#download, 0, size)
    device.queue.submit([encoder.finish()])
    await this.#download.mapAsync(MAP_READ)
    const values = new Float32Array(this.#download.getMappedRange())
    const each = this.#pixels / frames
    for (let i = 0; i < frames; i++) {
      const position = tile.positions[first + i] ?? 0
      const gain = slot.gain(position)
      const data = viewOf(slot.data(position), Float32Array)
      const mask = viewOf(slot.mask(position), Uint32Array)
      for (let p = 0, at = 4 * i * each; p < each; p++, at += 4) {
        const [d, g, low, high] = [
          values[at],
          values[at + 1],
          values[at + 2],
          values[at + 3],
        ] as PortablePixel
        data[p] = d
        gain[p] = g
        mask[p] = low | (high << 16)
      }
    }
    this.#download.unmap()
  }

  destroy(): void {
    this.#download?.destroy()
  }
}

function viewOf<T>(
  { buffer, byteOffset, byteLength }: Uint8Array,
  View: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
): T {
  return new View(buffer, byteOffset, byteLength / 4)
}
