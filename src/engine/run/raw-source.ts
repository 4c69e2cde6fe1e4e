import { closeSync } from 'node:fs'
import type { BlockInput } from '../contract/block-input.js'
import type { FramesIn } from '../contract/block-task.js'
import type { Block, FrameCounts, FrameSource } from '../contract/frames.js'
import { inputOf, type StoredFrames, storedFrames } from '../contract/stored-frames.js'
import { type BlockFrames, type BlockShape, blocksOf, type FrameRef } from '../plan/blocks.js'
import { openThere, refuseChanged } from '../worker/block-reader.js'

/** A block of a RAW file. */
export interface RawBlock extends Block {
  readonly frames: BlockFrames
}

/** A RAW file when the plan was made. */
export type RawInput = Pick<BlockInput, 'path' | 'dataset' | 'size' | 'mtimeMs'>

/** Source of the frames of one RAW file: opened once, read by the threads tile by tile. */
export class RawSource implements FrameSource<RawBlock> {
  readonly #input: Omit<BlockInput, 'addresses'>
  readonly #stored: StoredFrames
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
    this.#stored = storedFrames(input)
    this.#frames = frames
    this.#shape = shape
    this.#rawFrames = rawFrames
  }

  /**
   * @param frames the frames of each train. @param rawFrames raw frames that one frame is made of.
   * @throws DataError if the file is not the one that was planned, is damaged or refers to what is not there.
   */
  static open(
    file: RawInput,
    frames: () => Iterable<readonly FrameRef[]>,
    shape: BlockShape,
    rawFrames: number,
  ): RawSource {
    const fd = openThere(file.path)
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
      yield { frames, cells: frames.cells, images: frames.corrected, fill: () => this.#fill(frames) }
    }
  }

  #fill({ rows }: BlockFrames): FramesIn {
    return { kind: 'file', input: this.inputOf(rows), rows }
  }

  /** Where the frames at `rows` of image/data are. */
  inputOf(rows: Float64Array): BlockInput {
    return inputOf(this.#input, this.#stored, rows)
  }

  /** By row of image/data, 1: not wholly written. Absent: all were, as far as can be told. */
  get notWritten(): Uint8Array | undefined {
    return this.#stored.notWritten
  }

  /** @throws DataError if the file has changed since the plan was made. */
  refuseChanged(): void {
    refuseChanged(this.#input)
  }

  close(): void {
    closeSync(this.#input.fd)
  }
}
