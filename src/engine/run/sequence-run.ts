import { closeSync, fstatSync, openSync } from 'node:fs'
import { frameAddresses, type LocatedDataset, locateDataset, Unsupported } from '../../hdf5/direct/index.js'
import { DataError } from '../../model/errors.js'
import type { CombinedFile } from '../../sinks/combined-file.js'
import type { CorrectedFile } from '../../sinks/corrected-file.js'
import type { Assignment } from '../contract/assignment.js'
import type { BlockInput } from '../contract/block-input.js'
import { type Block, type BlockShape, blocksOf } from '../contract/blocks.js'
import type { BlockResult, BlockTask } from '../contract/operations.js'
import { type FramePlaces, framesOf } from '../plan/frames.js'
import type { SequencePlan } from '../plan/plan.js'
import { refuseChanged } from '../worker/block-reader.js'
import type { TileTask } from '../worker/tile-correction.js'
import { failedSequence, type SequenceOutcome } from './outcome.js'

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
  readonly #addresses: Float64Array | undefined
  #error: unknown

  private constructor(
    plan: SequencePlan,
    places: FramePlaces,
    outputs: SequenceOutputs,
    input: Omit<BlockInput, 'addresses'>,
    addresses: Float64Array | undefined,
  ) {
    this.#plan = plan
    this.#places = places
    this.#outputs = outputs
    this.#input = input
    this.#addresses = addresses
  }

  /** @throws DataError if the file is not the one that was planned or is damaged. */
  static open(plan: SequencePlan, places: FramePlaces, outputs: SequenceOutputs): SequenceRun {
    const { path, size, mtimeMs, source } = plan.joined.file
    const fd = openSync(path, 'r')
    try {
      const input = { path, dataset: `INSTRUMENT/${source}/image/data`, fd, size, mtimeMs }
      refuseChanged(input)
      return new SequenceRun(plan, places, outputs, input, addressesOf(input))
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  get failed(): boolean {
    return this.#error !== undefined
  }

  /** @param rawFrames raw frames that one frame is made of. */
  blocks(shape: BlockShape, rawFrames: number): Generator<Block> {
    return blocksOf(framesOf(this.#plan.joined, this.#places), shape, rawFrames)
  }

  /** The task that corrects `block`. */
  task(block: Block, assignment: Assignment, of: TileTask & Pick<BlockTask, 'module'>): BlockTask {
    const all = this.#addresses
    const addresses = all && block.rows.map(row => all[row] ?? -1)
    const { corrected, combined } = this.#outputs
    return {
      ...assignment,
      ...of,
      block,
      input: addresses ? { ...this.#input, addresses } : this.#input,
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
    if (!this.failed)
      return {
        input: this.#input.path,
        ...(output ? { output } : {}),
        trains: trains.length,
        frames,
        status: 'corrected',
      }
    corrected?.discard()
    if (combined)
      for (const refs of framesOf(joined, this.#places)) combined.images.forget(refs.map(ref => ref.combined))
    return failedSequence(this.#input.path, trains.length, frames, this.#error)
  }
}

/** Address of every frame, or undefined where frames are not stored plainly: then workers decode them. */
export function addressesOf(input: Omit<BlockInput, 'addresses'>): Float64Array | undefined {
  let located: LocatedDataset
  try {
    located = locateDataset(input.fd, input.dataset, input.path)
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  }
  const addresses = frameAddresses(located)
  const [frames, ...dims] = located.shape
  const end = fstatSync(input.fd).size
  const frameBytes = dims.reduce((a, b) => a * b, located.elementBytes)
  // Negative: never written, read as zeros.
  const beyond = addresses?.findIndex(address => address >= 0 && address + frameBytes > end) ?? -1
  if (beyond >= 0) {
    throw new DataError(`frame ${beyond} of ${frames} lies beyond the end of the file`, {
      place: { file: input.path, dataset: input.dataset },
      hint: 'Wait until it is copied completely, or copy it again',
    })
  }
  return addresses
}
