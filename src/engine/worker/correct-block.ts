import { TABLE_ENTRY_BYTES } from '../../memory/lane-layout.js'
import { given } from '../../model/given.js'
import { StoppedError } from '../../model/interruptions.js'
import type { BlockResult, BlockTask } from '../contract/block-task.js'
import type { CorrectorFactory, SlotTile, TileForm } from '../contract/corrector.js'
import { PhaseTotals, timed } from '../contract/phase-times.js'
import { NO_PIXELS, sumOfCounts } from '../contract/pixel-counts.js'
import { SlotViews } from '../contract/slot-views.js'
import { ArrayWriter } from './array-writer.js'
import { ChunkWriter } from './chunk-writer.js'
import { countPixels } from './count-pixels.js'
import { Derivation } from './derive.js'
import type { FrameReader } from './frame-reader.js'
import { blockReader } from './frames-in.js'
import type { AttachedLane } from './thread.js'
import { type Density, TileCorrection } from './tile-correction.js'
import { TileDeflater } from './tile-deflater.js'
import { mixedTilesOf, tilesOf } from './tiles.js'

/** What a worker thread keeps between blocks. */
export interface BlockState {
  readonly reader: FrameReader
  readonly density: Density
  /** In order of preference, at least one. */
  readonly correctors: readonly CorrectorFactory[]
}

/**
 * Corrects one block tile by tile: raw frames into the slot, through a corrector, and out. Where results go to files, gain
 * and mask are deflated and every chunk is written before the next tile: a tile's data stay in cache from reading to
 * writing. Only the block's own slot of the lane is touched.
 *
 * @throws DataError or OutputError naming the file. @throws StoppedError once the stop word is set.
 */
export async function runBlock(
  task: BlockTask,
  { lane, kernels }: AttachedLane,
  { reader, density, correctors }: BlockState,
): Promise<BlockResult> {
  const times = new PhaseTotals()
  const slot = new SlotViews(lane.handle, task.slot)
  const { slotFrames } = slot.layout
  const advance = (state: 'reading' | 'correcting' | 'writing' | 'done'): void =>
    lane.advance(task.slot, task.id, task.epoch, state)
  // Behind the entries of a call kernels may leave anything, and they are done when pixels are counted.
  const scratch = slot.table + slotFrames * TABLE_ENTRY_BYTES
  let pixels = NO_PIXELS
  const count = (tile: SlotTile, form: TileForm): void => {
    pixels = sumOfCounts(pixels, countPixels(tile, form, task, { slot, kernels, scratch }))
  }
  // Kernels, the last, can do everything; devices only what one kernel does in one go.
  const usable = task.finishing ? correctors.slice(-1) : correctors
  const correction = new TileCorrection(
    usable.map(create => create(task, slot, kernels)),
    new TileDeflater(task, slot, kernels),
    density,
    slot,
    times,
  )
  const input = blockReader(task.input, task.rawFrames, slot, reader)
  const { output } = task
  const files = output.kind === 'chunks' ? output.files : undefined
  const arrays = output.kind === 'arrays' ? new ArrayWriter(output, slot, kernels) : undefined
  const derivation =
    output.kind === 'chunks' && output.derived ? new Derivation(task, output.derived, slot) : undefined
  const writers = files?.map(({ target, indices }) => ({ writer: new ChunkWriter(target), indices })) ?? []

  // Files get tiles of one cell, whose mask the deflated planes of most frames share.
  const tiles = correction.mixes && files === undefined ? mixedTilesOf : tilesOf
  const found = task.finishing?.baseline && new Float32Array(task.cells.length)

  for (const { cell, cells, members } of tiles(task.cells, slotFrames)) {
    if (Atomics.load(task.stop, 0) !== 0) throw new StoppedError()
    advance('reading')
    const start = process.hrtime.bigint()
    const { offsets, bytes } = await input.read(members)
    times.add('read', Number(process.hrtime.bigint() - start), bytes)

    advance('correcting')
    // Results that stay in the slot keep their place in the block; others make room for those of the next tile.
    const positions = files
      ? [...members.keys()]
      : (arrays?.positions(members, offsets, task.rawFrames) ?? members)
    const images = task.images && members.map(member => task.images?.[member] ?? 0)
    const shifts = found && new Float32Array(members.length)
    const tile: SlotTile = {
      ...{ cell, offsets, positions },
      ...given({ cells, images, shifts }),
      ...notWrittenOf(task, members),
    }
    // Without a file that takes frames, lists are all that is wanted.
    const streams = files && files.length > 0 ? await correction.streams(tile) : []
    if (files === undefined) await correction.planes(tile)
    else if (files.length === 0) await correction.results(tile)
    for (const [i, member] of members.entries()) if (found) found[member] = shifts?.[i] ?? 0
    if (files === undefined) continue
    timed(times, 'correct', 0, () => count(tile, correction.form))
    if (derivation) timed(times, 'derive', 0, () => derivation.tile(tile, correction.form, members))

    advance('writing')
    for (const { writer, indices } of writers)
      timed(times, 'write', 0, () => {
        for (const [position, member] of members.entries()) {
          const index = indices[member] ?? -1
          const planes = streams[position]
          if (planes?.data) writer.deflated('data', index, planes.data)
          else writer.data(index, slot.data(position))
          if (planes === undefined) continue
          writer.deflated('gain', index, planes.gain)
          writer.deflated('mask', index, planes.mask)
        }
        writer.flush()
      })
  }
  for (const { writer } of writers) times.add('write', 0, writer.written)
  if (arrays) timed(times, 'write', 0, () => arrays.end())
  advance('done')
  return {
    chunks: writers.map(({ writer }) => writer.chunks()),
    ...(derivation && { derived: derivation.frames }),
    onDevice: correction.onDevice,
    handedOver: correction.handedOver,
    pixels,
    ...given({ shifts: found }),
    times: times.snapshot(),
  }
}

/** Which of a tile's frames were not wholly written. */
function notWrittenOf(
  { input, rawFrames }: BlockTask,
  members: readonly number[],
): Pick<SlotTile, 'notWritten'> {
  const notWritten = input.kind === 'file' ? input.input.notWritten : undefined
  if (notWritten === undefined) return {}
  const found = [...members.keys()].filter(i => {
    const first = (members[i] ?? 0) * rawFrames
    return notWritten.subarray(first, first + rawFrames).includes(1)
  })
  return found.length > 0 ? { notWritten: found } : {}
}
