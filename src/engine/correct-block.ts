import { correctionKernel, type Kernels } from '../corrections/kernel.js'
import { FrameTable } from '../memory/frame-table.js'
import type { Lane } from '../memory/lane.js'
import { type LaneLayout, slotOffset } from '../memory/lane-layout.js'
import { TARGETS, tilesOf } from './blocks.js'
import { ChunkWriter } from './chunk-writer.js'
import type { FrameReader } from './frame-reader.js'
import type { BlockResult, BlockTask } from './operations.js'
import { type KeptStreams, Packer } from './packer.js'
import { StoppedError } from './pool.js'
import { PhaseTotals, timed } from './statistics.js'

/** What a worker thread keeps between tasks. */
export interface WorkerState {
  readonly lane: Lane
  readonly kernels: Kernels
  readonly reader: FrameReader
  /** Packed planes of the constants that are in the lane. */
  readonly kept: KeptStreams
  /** The engine's stop word. */
  readonly stop: Int32Array
}

/**
 * Corrects one block: raw frames into the slot, then tile by tile through the kernel, gain and mask deflated,
 * every chunk written. Only the block's own slot of the lane is touched.
 *
 * @throws DataError or OutputError naming the file. @throws StoppedError once the stop word is set.
 */
export async function correctBlock(task: BlockTask, state: WorkerState): Promise<BlockResult> {
  const { lane, kernels, reader, kept, stop } = state
  const { layout, memory } = lane.handle
  const times = new PhaseTotals()
  const slot = new SlotViews(memory.buffer, layout, task.slot)
  const writers = TARGETS.flatMap(name => {
    const target = task.targets[name]
    return target ? [{ name, writer: new ChunkWriter(target), indices: task.block[name] }] : []
  })
  const packer = new Packer(kernels, slot.packed)
  const { rawFrames } = task
  const correct = correctionKernel(kernels, task.kernel)
  lane.advance(task.slot, task.id, task.epoch, 'reading')
  const reading = process.hrtime.bigint()
  const { offsets, bytes } = await reader.read(task, slot.raw, layout.rawFrameBytes / rawFrames)
  times.add('read', Number(process.hrtime.bigint() - reading), bytes)

  for (const { cell, members } of tilesOf(task.block.cells, layout.tileFrames)) {
    if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
    lane.advance(task.slot, task.id, task.epoch, 'correcting')
    for (const [position, member] of members.entries())
      slot.enter(position, offsets.subarray(member * rawFrames, (member + 1) * rawFrames))
    const constants = layout.constants + cell * task.planes * 4 * layout.pixels
    const pixels = members.length * layout.pixels
    timed(times, 'correct', pixels * CORRECT_BYTES, () =>
      correct(slot.table, members.length, constants, layout.params),
    )
    lane.advance(task.slot, task.id, task.epoch, 'writing')
    packer.restart()
    const packed = timed(times, 'pack', pixels * PACK_BYTES, () =>
      members.map((_, position) =>
        packer.frame(cell, slot.departures(position), slot.gain(position), slot.mask(position), kept),
      ),
    )
    for (const { writer, indices } of writers) {
      timed(times, 'write', 0, () => {
        for (const [position, member] of members.entries()) {
          const index = indices[member] ?? -1
          writer.data(index, slot.data(position))
          const planes = packed[position]
          if (planes === undefined) continue
          writer.packed('gain', index, planes.gain)
          writer.packed('mask', index, planes.mask)
        }
        writer.flush()
      })
    }
  }
  for (const { writer } of writers) times.add('write', 0, writer.written)
  lane.advance(task.slot, task.id, task.epoch, 'done')
  return {
    chunks: Object.fromEntries(writers.map(({ name, writer }) => [name, writer.chunks()])),
    times: times.snapshot(),
  }
}

/** Bytes the kernel moves a pixel: raw 4, data 4, gain 1, mask 4. */
const CORRECT_BYTES = 13
/** Bytes deflated a pixel: gain 1, mask 4. */
const PACK_BYTES = 5

/** Views on one slot; positions are those of the current tile. */
class SlotViews {
  readonly raw: Uint8Array
  /** Room for the deflated planes of one tile. */
  readonly packed: Uint8Array
  /** Byte address of the frame table in the lane's memory, as kernels take it. */
  readonly table: number
  readonly #layout: LaneLayout
  readonly #buffer: ArrayBufferLike
  readonly #base: number
  readonly #entries: FrameTable

  constructor(buffer: ArrayBufferLike, layout: LaneLayout, slot: number) {
    this.#layout = layout
    this.#buffer = buffer
    this.#base = slotOffset(layout, slot)
    this.table = this.#base + layout.slot.table
    this.#entries = new FrameTable(buffer, this.table, layout.tileFrames)
    this.packed = new Uint8Array(buffer, this.#base + layout.slot.packed, layout.slot.packedBytes)
    this.raw = new Uint8Array(buffer, this.#base + layout.slot.raw, layout.blockFrames * layout.rawFrameBytes)
  }

  /** Fills the table entry of `position` for the raw frames at byte `offsets` of the block. */
  enter(position: number, offsets: Float64Array): void {
    this.#entries.set(position, {
      raw: this.raw.byteOffset + (offsets[0] ?? 0),
      others: offsets.subarray(1).map(offset => this.raw.byteOffset + offset),
      data: this.data(position).byteOffset,
      gain: this.gain(position).byteOffset,
      mask: this.mask(position).byteOffset,
    })
  }

  /** What the kernel counted, see the kernel contract. */
  departures(position: number): number {
    return this.#entries.departures(position)
  }

  data(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.data, position, this.#layout.pixels * 4)
  }

  gain(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.gain, position, this.#layout.pixels)
  }

  mask(position: number): Uint8Array {
    return this.#plane(this.#layout.slot.mask, position, this.#layout.pixels * 4)
  }

  #plane(start: number, position: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#base + start + position * bytes, bytes)
  }
}
