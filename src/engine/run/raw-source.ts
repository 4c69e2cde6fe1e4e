import { closeSync, fstatSync, openSync } from 'node:fs'
import { frameAddresses, type LocatedDataset, locateDataset, Unsupported } from '../../hdf5/direct/index.js'
import { DataError } from '../../model/errors.js'
import type { BlockInput } from '../contract/block-input.js'
import type { FramesIn } from '../contract/block-task.js'
import type { Block, FrameCounts, FrameSource } from '../contract/frames.js'
import { type BlockFrames, type BlockShape, blocksOf, type FrameRef } from '../plan/blocks.js'
import { refuseChanged } from '../worker/block-reader.js'

/** A block of a RAW file. */
export interface RawBlock extends Block {
  readonly frames: BlockFrames
}

/** A RAW file when the plan was made. */
export type RawInput = Pick<BlockInput, 'path' | 'dataset' | 'size' | 'mtimeMs'>

/** Source of the frames of one RAW file: opened once, read by the threads tile by tile. */
export class RawSource implements FrameSource<RawBlock> {
  readonly #input: Omit<BlockInput, 'addresses'>
  readonly #addresses: Float64Array | undefined
  readonly #frames: () => Iterable<readonly FrameRef[]>
  readonly #shape: BlockShape
  readonly #rawFrames: number
  #count = 0

  private constructor(
    input: Omit<BlockInput, 'addresses'>,
    frames: () => Iterable<readonly FrameRef[]>,
    shape: BlockShape,
    rawFrames: number,
  ) {
    this.#input = input
    this.#addresses = addressesOf(input)
    this.#frames = frames
    this.#shape = shape
    this.#rawFrames = rawFrames
  }

  /**
   * @param frames the frames of each train. @param rawFrames raw frames that one frame is made of.
   * @throws DataError if the file is not the one that was planned or is damaged.
   */
  static open(
    file: RawInput,
    frames: () => Iterable<readonly FrameRef[]>,
    shape: BlockShape,
    rawFrames: number,
  ): RawSource {
    const fd = openSync(file.path, 'r')
    try {
      const input = { ...file, fd }
      refuseChanged(input)
      return new RawSource(input, frames, shape, rawFrames)
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  get counts(): FrameCounts {
    return { frames: this.#count, lost: 0 }
  }

  *blocks(): Generator<RawBlock> {
    for (const frames of blocksOf(this.#frames(), this.#shape, this.#rawFrames)) {
      this.#count += frames.cells.length
      yield { frames, cells: frames.cells, fill: () => this.#fill(frames) }
    }
  }

  #fill({ rows }: BlockFrames): FramesIn {
    const all = this.#addresses
    const input = all ? { ...this.#input, addresses: rows.map(row => all[row] ?? -1) } : this.#input
    return { kind: 'file', input, rows }
  }

  /** @throws DataError if the file has changed since the plan was made. */
  refuseChanged(): void {
    refuseChanged(this.#input)
  }

  close(): void {
    closeSync(this.#input.fd)
  }
}

/** Address of every frame, or undefined where frames are not stored plainly: then threads decode them. */
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
