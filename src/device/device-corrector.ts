import { WORKGROUP } from '../../kernels/gpu/index.js'
import type { ModuleCorrection } from '../engine/contract/block-task.js'
import type { SlotTile } from '../engine/contract/corrector.js'
import type { SlotViews } from '../engine/contract/slot-views.js'
import { CallBuffers, FRAME_ENTRY, UNIFORM_STRIDE } from './call-buffers.js'
import { ConstantsStore } from './constants-store.js'
import { type Device, DeviceError } from './device.js'
import type { CompiledKernel, Pipelines } from './pipelines.js'
import type { ResidentCells } from './resident-cells.js'

/** Bytes to which parts of a buffer are aligned that kernels see one by one. */
const ALIGNED = 256
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNED) * ALIGNED

/** Frames of one dispatch: those whose constants are in one page. */
interface Group {
  readonly page: GPUBuffer
  /** Indices of frames of the tile, and the word of the page where each one's constants are. */
  readonly members: { readonly index: number; readonly word: number }[]
}

/** Corrects tiles on a device. Calls may run side by side: while one is calculated, the next is brought. */
export class DeviceCorrector {
  readonly #device: Device
  readonly #pipelines: Pipelines
  readonly #store: ConstantsStore
  readonly #idle: CallBuffers[] = []

  /** @param most bytes of constants on the device; absent: as many as it has room for. */
  constructor(device: Device, pipelines: Pipelines, most = Number.POSITIVE_INFINITY) {
    this.#device = device
    this.#pipelines = pipelines
    this.#store = new ConstantsStore(device, pipelines.prepare, most)
  }

  /**
   * Leaves data, gain and mask of a tile, of any cells, in its slot.
   * @param repeats how often the kernel runs over the frames: more than once to measure it without transfers.
   * @throws DeviceError if the device cannot do that: nothing is wrong with the data.
   */
  async correct(module: ModuleCorrection, slot: SlotViews, tile: SlotTile, repeats = 1): Promise<void> {
    const kernel = this.#pipelines.kernels.get(module.kernel)
    if (kernel === undefined) throw new DeviceError(`there is no kernel ${module.kernel} for devices`)
    if (slot.layout.pixels % 4 !== 0)
      throw new DeviceError(`modules of ${slot.layout.pixels} pixels: devices take four at a time`)
    const cells = tile.cells ?? tile.positions.map(() => tile.cell)
    const resident = await this.#store.hold(kernel, slot, cells)
    const buffers = this.#idle.pop() ?? new CallBuffers(this.#device)
    try {
      const most = this.#mostFrames(slot)
      for (let from = 0; from < cells.length; from += most) {
        const indices = cells.slice(from, from + most).map((_, i) => from + i)
        await this.#call({ kernel, module, slot, tile, resident, buffers, repeats }, indices, cells)
      }
      this.#idle.push(buffers)
    } catch (error) {
      buffers.destroy()
      throw error
    } finally {
      this.#store.release(resident)
    }
  }

  /** Bytes of constants on the device. */
  get residentBytes(): number {
    return this.#store.bytes
  }

  /** Frames that one call can have. */
  #mostFrames({ layout: { pixels, rawFrameBytes } }: SlotViews): number {
    const { binding, buffer } = this.#device.limits
    const bySize = Math.min(binding / rawFrameBytes, binding / (4 * pixels), buffer / (9 * pixels) - 1)
    const most = Math.min(Math.floor(bySize), MOST_GROUPS)
    if (most < 1) throw new DeviceError(`a frame of ${pixels} pixels is more than a kernel sees`)
    return most
  }

  async #call(call: Call, indices: readonly number[], cells: readonly number[]): Promise<void> {
    const { slot } = call
    const groups = groupsOf(call.resident, indices, cells)
    const order = groups.flatMap(({ members }) => members.map(({ index }) => index))
    const parts = resultParts(order.length, slot.layout.pixels)
    const download = await this.#device.checked(() => this.#submit(call, groups, parts))
    const results = await this.#device.mapped(download, parts.bytes)
    try {
      const { pixels } = slot.layout
      const part = (start: number, i: number, bytes: number) =>
        new Uint8Array(results, start + i * bytes, bytes)
      for (const [i, index] of order.entries()) {
        const position = call.tile.positions[index] ?? 0
        slot.data(position).set(part(parts.data, i, 4 * pixels))
        slot.mask(position).set(part(parts.mask, i, 4 * pixels))
        slot.gain(position).set(part(parts.gain, i, pixels))
      }
    } finally {
      download.unmap()
    }
  }

  /** Sends raw frames, calculates, fetches: all of it is queued when this returns the buffer that the results go to. */
  #submit(call: Call, groups: readonly Group[], parts: Parts): GPUBuffer {
    const { kernel, slot, buffers, repeats } = call
    const { gpu } = this.#device
    const { rawFrameBytes, pixels } = slot.layout
    const frames = groups.reduce((sum, { members }) => sum + members.length, 0)
    const size = { frames, raw: frames * rawFrameBytes, results: parts.bytes, dispatches: groups.length }
    const { calls, frames: table, raw, results, download } = buffers.fit(size)
    this.#sendRaw(call, groups, raw)
    gpu.queue.writeBuffer(table, 0, frameTable(call, groups))
    gpu.queue.writeBuffer(calls, 0, parameters(slot, groups))

    const encoder = gpu.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(kernel.pipeline)
    for (const [i, { page, members }] of groups.entries()) {
      const resources = [
        { buffer: calls, offset: i * UNIFORM_STRIDE, size: PARAMETER_BYTES },
        { buffer: table, size: frames * FRAME_ENTRY },
        { buffer: raw, size: frames * rawFrameBytes },
        ...[{ buffer: page }, { buffer: results, offset: parts.data, size: 4 * pixels * frames }],
        { buffer: results, offset: parts.gain, size: pixels * frames },
        { buffer: results, offset: parts.mask, size: 4 * pixels * frames },
      ]
      const entries = resources.map((resource, binding) => ({ binding, resource }))
      pass.setBindGroup(0, gpu.createBindGroup({ layout: kernel.pipeline.getBindGroupLayout(0), entries }))
      for (let i = 0; i < repeats; i++)
        pass.dispatchWorkgroups(Math.ceil(pixels / 4 / WORKGROUP), members.length)
    }
    pass.end()
    encoder.copyBufferToBuffer(results, 0, download, 0, parts.bytes)
    gpu.queue.submit([encoder.finish()])
    return download
  }

  #sendRaw({ module, slot, tile }: Call, groups: readonly Group[], raw: GPUBuffer): void {
    const { rawFrames } = module
    const bytes = slot.layout.rawFrameBytes / rawFrames
    let at = 0
    for (const { members } of groups)
      for (const { index } of members)
        for (let i = 0; i < rawFrames; i++) {
          const offset = tile.offsets[index * rawFrames + i] ?? 0
          this.#device.write(raw, at, slot.raw.subarray(offset, offset + bytes))
          at += bytes
        }
  }

  /** Frees what it has on the device. No call may be in flight. */
  close(): void {
    for (const buffers of this.#idle) buffers.destroy()
    this.#store.clear()
  }
}

/** What a call works with. */
interface Call {
  readonly kernel: CompiledKernel
  readonly module: ModuleCorrection
  readonly slot: SlotViews
  readonly tile: SlotTile
  readonly resident: ResidentCells
  readonly buffers: CallBuffers
  readonly repeats: number
}

/** Workgroups that every device takes along an axis. */
const MOST_GROUPS = 65535

const PARAMETER_BYTES = 32

function groupsOf(
  resident: ResidentCells,
  indices: readonly number[],
  cells: readonly number[],
): readonly Group[] {
  const groups = new Map<GPUBuffer, Group>()
  for (const index of indices) {
    const { page, word } = resident.place(cells[index] ?? 0)
    const group = groups.get(page) ?? { page, members: [] }
    group.members.push({ index, word })
    groups.set(page, group)
  }
  return [...groups.values()]
}

/** Bytes at which the results of each kind begin. */
interface Parts {
  readonly data: number
  readonly mask: number
  readonly gain: number
  readonly bytes: number
}

function resultParts(frames: number, pixels: number): Parts {
  const mask = aligned(4 * pixels * frames)
  const gain = 2 * mask
  return { data: 0, mask, gain, bytes: gain + aligned(pixels * frames) }
}

/** The entry of each frame: raw frames in units of 8 bytes, constants in units of 16. */
function frameTable({ module, slot }: Call, groups: readonly Group[]): Uint32Array<ArrayBuffer> {
  const frames = groups.flatMap(({ members }) => members)
  const table = new Uint32Array((frames.length * FRAME_ENTRY) / 4)
  const units = slot.layout.rawFrameBytes / 8
  const step = units / module.rawFrames
  for (const [i, { word }] of frames.entries())
    table.set([i * units, i * units + step, i * units + 2 * step, word / 4], 4 * i)
  return table
}

/** The parameters of each dispatch, `Call` of kernels/gpu/common.ts. */
function parameters({ layout, lane }: SlotViews, groups: readonly Group[]): Uint32Array<ArrayBuffer> {
  const [pixels = 0, stage = 0, medium = 0, high = 0, flags = 0] = new Uint32Array(
    lane.memory.buffer,
    layout.params,
    5,
  )
  const words = new Uint32Array((groups.length * UNIFORM_STRIDE) / 4)
  let first = 0
  for (const [i, { members }] of groups.entries()) {
    words.set([pixels / 4, stage, flags, 0, ordered(medium), ordered(high), first], (i * UNIFORM_STRIDE) / 4)
    first += members.length
  }
  return words
}

/** The bits of an f32 as an integer that is smaller where it is; of −0 as of 0. */
function ordered(bits: number): number {
  const magnitude = bits & 0x7fffffff
  return bits >>> 31 === 1 ? -magnitude : magnitude
}
