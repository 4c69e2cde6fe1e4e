import type { Kernels } from '../corrections/kernel.js'
import type { Lane } from '../memory/lane.js'
import type { BlockInput } from './block-input.js'
import { type Block, TARGETS, tilesOf } from './blocks.js'
import { ChunkWriter } from './chunk-writer.js'
import type { FrameReader } from './frame-reader.js'
import type { BlockResult, BlockTask } from './operations.js'
import { StoppedError } from './pool.js'
import { SlotViews } from './slot-views.js'
import { PhaseTotals, timed } from './statistics.js'
import { type Density, TileCorrection } from './tile-correction.js'

/** What a worker thread keeps between tasks. */
export interface WorkerState {
  readonly lane: Lane
  readonly kernels: Kernels
  readonly reader: FrameReader
  readonly density: Density
  /** The engine's stop word. */
  readonly stop: Int32Array
}

/**
 * Corrects one block tile by tile: raw frames into the slot, through the kernel, gain and mask deflated, every chunk
 * written. A tile's data stay in cache from reading to writing. Only the block's own slot of the lane is touched.
 *
 * @throws DataError or OutputError naming the file. @throws StoppedError once the stop word is set.
 */
export async function correctBlock(task: BlockTask, state: WorkerState): Promise<BlockResult> {
  const { lane, kernels, reader, density, stop } = state
  const { layout, memory } = lane.handle
  const { block, rawFrames } = task
  const times = new PhaseTotals()
  const slot = new SlotViews(memory.buffer, layout, task.slot)
  const correction = new TileCorrection(task, kernels, layout, slot, density)
  const writers = TARGETS.flatMap(name => {
    const target = task.targets[name]
    return target ? [{ name, writer: new ChunkWriter(target), indices: block[name] }] : []
  })

  for (const { cell, members } of tilesOf(block.cells, layout.tileFrames)) {
    if (Atomics.load(stop, 0) !== 0) throw new StoppedError('stopped')
    lane.advance(task.slot, task.id, task.epoch, 'reading')
    const start = process.hrtime.bigint()
    const frames = rawFramesOf(task.input, block, members, rawFrames)
    const { offsets, bytes } = await reader.read(frames, slot.raw, layout.rawFrameBytes / rawFrames)
    times.add('read', Number(process.hrtime.bigint() - start), bytes)

    lane.advance(task.slot, task.id, task.epoch, 'correcting')
    const packed = correction.run(cell, members.length, offsets, times, notWrittenOf(task, members))

    lane.advance(task.slot, task.id, task.epoch, 'writing')
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

/** The raw frames of some frames of a block. */
function rawFramesOf(input: BlockInput, block: Block, members: readonly number[], rawFrames: number) {
  const pick = (all: Float64Array): Float64Array =>
    Float64Array.from({ length: members.length * rawFrames }, (_, i) => {
      const member = members[Math.floor(i / rawFrames)] ?? 0
      return all[member * rawFrames + (i % rawFrames)] ?? -1
    })
  const { addresses } = input
  return {
    input: addresses ? { ...input, addresses: pick(addresses) } : input,
    block: { rows: pick(block.rows) },
  }
}

/** Positions in a tile of frames that were not wholly written; undefined: all were. */
function notWrittenOf({ input, rawFrames }: BlockTask, members: readonly number[]): number[] | undefined {
  const { notWritten } = input
  if (notWritten === undefined) return undefined
  const found = [...members.keys()].filter(position => {
    const first = (members[position] ?? 0) * rawFrames
    return notWritten.subarray(first, first + rawFrames).includes(1)
  })
  return found.length > 0 ? found : undefined
}
