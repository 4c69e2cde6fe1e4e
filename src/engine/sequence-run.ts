import { closeSync, openSync } from 'node:fs'
import type { CombinedFile } from '../sinks/combined-file.js'
import type { CorrectedFile } from '../sinks/corrected-file.js'
import { framesNotWritten } from '../sources/frames-written.js'
import { positionsList } from '../sources/selection.js'
import type { Assignment } from './assignment.js'
import type { BlockInput } from './block-input.js'
import { refuseChanged } from './block-reader.js'
import { type Block, type BlockShape, blocksOf } from './blocks.js'
import { type FramePlaces, framesOf } from './frames.js'
import type { BlockResult, BlockTask } from './operations.js'
import { failedSequence, type SequenceOutcome } from './outcome.js'
import type { SequencePlan } from './plan.js'
import { inputOf, type StoredFrames, storedFrames } from './stored-frames.js'
import type { TileTask } from './tile-correction.js'

/** Where a sequence's results go. */
export interface SequenceOutputs {
  readonly corrected: CorrectedFile | undefined
  readonly combined: CombinedFile | undefined
}

/**
 * One RAW file on its way: opened once for all workers, its blocks handed out, their chunks noted, the CORR file
 * published when the last block is in, or given up when one failed.
 */
export class SequenceRun {
  readonly #plan: SequencePlan
  readonly #places: FramePlaces
  readonly #outputs: SequenceOutputs
  readonly #input: Omit<BlockInput, 'addresses'>
  readonly #stored: StoredFrames
  readonly #rawFrames: number
  #error: unknown

  private constructor(
    plan: SequencePlan,
    places: FramePlaces,
    outputs: SequenceOutputs,
    input: Omit<BlockInput, 'addresses'>,
    stored: StoredFrames,
    rawFrames: number,
  ) {
    this.#plan = plan
    this.#places = places
    this.#outputs = outputs
    this.#input = input
    this.#stored = stored
    this.#rawFrames = rawFrames
  }

  /**
   * @param rawFrames raw frames that one frame is made of.
   * @throws DataError if the file is not the one that was planned, is damaged or refers to what is not there.
   */
  static open(
    plan: SequencePlan,
    places: FramePlaces,
    outputs: SequenceOutputs,
    rawFrames: number,
  ): SequenceRun {
    const { path, size, mtimeMs, source } = plan.joined.file
    const fd = openSync(path, 'r')
    try {
      const input = { path, dataset: `INSTRUMENT/${source}/image/data`, fd, size, mtimeMs }
      refuseChanged(input)
      return new SequenceRun(plan, places, outputs, input, storedFrames(input), rawFrames)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  get failed(): boolean {
    return this.#error !== undefined
  }

  blocks(shape: BlockShape): Generator<Block> {
    return blocksOf(framesOf(this.#plan.joined, this.#places), shape, this.#rawFrames)
  }

  /** The task that corrects `block`. */
  task(block: Block, assignment: Assignment, of: TileTask & Pick<BlockTask, 'module'>): BlockTask {
    const { corrected, combined } = this.#outputs
    return {
      ...assignment,
      ...of,
      block,
      input: inputOf(this.#input, this.#stored, block.rows),
      targets: {
        ...(corrected ? { corrected: corrected.images.target } : {}),
        ...(combined ? { combined: combined.images.target } : {}),
      },
    }
  }

  /** Notes where a block's chunks went. */
  record({ chunks }: BlockResult): void {
    if (this.failed) return
    const { corrected, combined } = this.#outputs
    if (corrected && chunks.corrected) corrected.images.record(chunks.corrected.gain, chunks.corrected.mask)
    if (combined && chunks.combined) combined.images.record(chunks.combined.gain, chunks.combined.mask)
  }

  /** Gives the sequence up: no CORR file, and its frames count as missing in the combined one. */
  fail(error: unknown): void {
    this.#error ??= error
  }

  /** To be called when no block is in flight any more. */
  async finish(): Promise<SequenceOutcome> {
    const { corrected, combined } = this.#outputs
    try {
      if (!this.failed) {
        refuseChanged(this.#input)
        await corrected?.finish()
      }
    } catch (error) {
      this.fail(error)
    } finally {
      closeSync(this.#input.fd)
    }
    const { joined, output } = this.#plan
    const { frames, trains } = joined
    if (!this.failed) {
      const notWritten = this.#notWritten()
      return {
        input: this.#input.path,
        ...(output ? { output } : {}),
        trains: trains.length,
        frames,
        status: 'corrected',
        ...(notWritten ? { notWritten } : {}),
      }
    }
    corrected?.discard()
    if (combined)
      for (const refs of framesOf(joined, this.#places)) combined.images.forget(refs.map(ref => ref.combined))
    return failedSequence(this.#input.path, trains.length, frames, this.#error)
  }

  /** Frames of the plan that the file counts, but does not hold. */
  #notWritten(): SequenceOutcome['notWritten'] {
    const { notWritten } = this.#stored
    if (notWritten === undefined) return undefined
    const trains = this.#plan.joined.trains.map(({ trainId, entry, rows }) => ({
      trainId,
      rows: positionsList(rows),
      stride: entry?.image.count ?? 0,
    }))
    return framesNotWritten(trains, this.#rawFrames, notWritten)
  }
}
