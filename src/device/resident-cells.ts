import { LEAST_CONSTANT, PLANE_CODES, WORKGROUP } from '../../kernels/gpu/index.js'
import type { SlotViews } from '../engine/contract/slot-views.js'
import { constantsVersion } from '../memory/lane.js'
import { type Device, DeviceError } from './device.js'
import type { CompiledKernel } from './pipelines.js'
import { USAGE } from './webgpu.js'

/** Where the constants of a cell are on a device. */
export interface CellPlace {
  readonly page: GPUBuffer
  /** Word of the page at which they begin. */
  readonly word: number
}

/**
 * The constants of one lane on a device: copied cell by cell as frames of it come, and prepared there. They lie in pages, each
 * as many cells as a kernel sees at a time.
 */
export class ResidentCells {
  readonly version: string
  readonly #device: Device
  readonly #prepare: GPUComputePipeline
  readonly #kernel: CompiledKernel
  readonly #slot: SlotViews
  readonly #pages = new Map<number, GPUBuffer>()
  readonly #cells = new Set<number>()
  readonly #cellsAPage: number
  #refused: string | undefined
  /** Blocks that use them. */
  users = 0
  /** Bytes on the device. */
  bytes = 0

  /** @throws DeviceError if the device cannot hold a single cell. */
  constructor(device: Device, prepare: GPUComputePipeline, kernel: CompiledKernel, slot: SlotViews) {
    this.#device = device
    this.#prepare = prepare
    this.#kernel = kernel
    this.#slot = slot
    this.version = constantsVersion(slot.lane)
    const { cells, cellBytes } = slot.layout
    this.#cellsAPage = Math.min(cells, Math.floor(device.limits.binding / cellBytes))
    if (this.#cellsAPage === 0)
      throw new DeviceError(
        `a cell's constants are ${cellBytes} bytes, a kernel sees ${device.limits.binding}`,
      )
  }

  /**
   * Brings constants of `cells` (positions in the lane) that are not there yet.
   * @throws DeviceError if there is no memory, or constants are beyond what a device calculates exactly.
   */
  async bring(cells: readonly number[]): Promise<void> {
    if (this.#refused !== undefined) throw new DeviceError(this.#refused)
    const pages = new Map<number, number[]>()
    for (const cell of new Set(cells)) {
      if (this.#cells.has(cell)) continue
      const page = Math.floor(cell / this.#cellsAPage)
      pages.set(page, [...(pages.get(page) ?? []), cell])
    }
    for (const [page, missing] of pages) {
      await this.#bringInto(await this.#page(page), missing)
      for (const cell of missing) this.#cells.add(cell)
    }
  }

  /** Where the constants of `cell`, which was brought, are. */
  place(cell: number): CellPlace {
    const page = this.#pages.get(Math.floor(cell / this.#cellsAPage))
    if (page === undefined) throw new Error(`the constants of cell ${cell} are not on the device`)
    return { page, word: this.#word(cell) }
  }

  /** Bytes of the page that `cell` lies in; 0: it is there. */
  lacking(cells: readonly number[]): number {
    const pages = new Set(cells.map(cell => Math.floor(cell / this.#cellsAPage)))
    return [...pages].reduce((sum, page) => sum + (this.#pages.has(page) ? 0 : this.#pageBytes(page)), 0)
  }

  destroy(): void {
    for (const page of this.#pages.values()) page.destroy()
    this.#pages.clear()
    this.#cells.clear()
    this.bytes = 0
  }

  #word(cell: number): number {
    return ((cell % this.#cellsAPage) * this.#slot.layout.cellBytes) / 4
  }

  #pageBytes(page: number): number {
    const { cells, cellBytes } = this.#slot.layout
    return Math.min(this.#cellsAPage, cells - page * this.#cellsAPage) * cellBytes
  }

  async #page(page: number): Promise<GPUBuffer> {
    const known = this.#pages.get(page)
    if (known !== undefined) return known
    const size = this.#pageBytes(page)
    const usage = USAGE.storage | USAGE.copyTarget
    const made = await this.#device.checked(() => this.#device.gpu.createBuffer({ size, usage }))
    this.#pages.set(page, made)
    this.bytes += size
    return made
  }

  async #bringInto(page: GPUBuffer, cells: readonly number[]): Promise<void> {
    const { gpu } = this.#device
    const { pixels } = this.#slot.layout
    const { planes } = this.#kernel
    const codes = planes.reduce((codes, plane, n) => codes | (PLANE_CODES[plane] << (2 * n)), 0)
    const buffers: GPUBuffer[] = []
    const make = (size: number, usage: number): GPUBuffer => {
      const made = gpu.createBuffer({ size, usage })
      buffers.push(made)
      return made
    }
    try {
      const verdict = await this.#device.checked(() => {
        for (const cell of cells) this.#device.write(page, 4 * this.#word(cell), this.#inLane(cell))
        const shape = make(16, USAGE.uniform | USAGE.copyTarget)
        const places = make(4 * cells.length, USAGE.storage | USAGE.copyTarget)
        const refused = make(4, USAGE.storage | USAGE.copySource)
        const verdict = make(4, USAGE.mapRead | USAGE.copyTarget)
        gpu.queue.writeBuffer(shape, 0, Uint32Array.of(pixels, planes.length, codes, 0))
        gpu.queue.writeBuffer(
          places,
          0,
          Uint32Array.from(cells, cell => this.#word(cell)),
        )
        const entries = [shape, places, page, refused].map((buffer, binding) => ({
          binding,
          resource: { buffer },
        }))
        const encoder = gpu.createCommandEncoder()
        const pass = encoder.beginComputePass()
        pass.setPipeline(this.#prepare)
        pass.setBindGroup(0, gpu.createBindGroup({ layout: this.#prepare.getBindGroupLayout(0), entries }))
        pass.dispatchWorkgroups(Math.ceil(pixels / WORKGROUP), cells.length)
        pass.end()
        encoder.copyBufferToBuffer(refused, 0, verdict, 0, 4)
        gpu.queue.submit([encoder.finish()])
        return verdict
      })
      const [bits = 0] = new Uint32Array(await this.#device.mapped(verdict))
      verdict.unmap()
      if (bits === 0) return
      this.#refused = `a plane of constants (number ${31 - Math.clz32(bits)} of ${this.#kernel.pipeline.label}) has values nearer to 0 than ${LEAST_CONSTANT}, which a device does not calculate with exactly`
      throw new DeviceError(this.#refused)
    } finally {
      for (const buffer of buffers) buffer.destroy()
    }
  }

  #inLane(cell: number): Uint8Array {
    const { memory, layout } = this.#slot.lane
    return new Uint8Array(memory.buffer, layout.constants + cell * layout.cellBytes, layout.cellBytes)
  }
}
