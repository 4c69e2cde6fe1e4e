import { DataError } from '../../model/errors.js'
import type { BlockResult, FramesIn, FramesOut } from '../contract/block-task.js'
import type { Block, FrameCounts, FrameSink, FrameSource } from '../contract/frames.js'
import type { SlotViews } from '../contract/slot-views.js'

/** Raw frames of one module and one train, in memory. */
export interface RawFrames {
  /** Which train: smaller numbers go first. */
  readonly train: number
  /** `[frame][raw frame of it][plane][slow scan][fast scan]`, as the detector writes them; left alone until corrected. */
  readonly raw: Uint16Array
  /** Memory cell of each frame. */
  readonly cellIds: ArrayLike<number>
}

/** Corrected frames of one module and one train, in the memory of a slot: they are gone once it is released. */
export interface HeldFrames {
  readonly train: number
  readonly frames: number
  /** `[slow scan][fast scan]` of frame `index`. */
  data(index: number): Float32Array
  /** Gain stage of each pixel: 0 high, 1 medium, 2 low. */
  gain(index: number): Uint8Array
  /** Bad-pixel bits of each pixel, 0 is good. */
  mask(index: number): Uint32Array
  /** Gives the slot back: nothing of the frames may be used afterwards. May be called again. */
  release(): void
}

/** A train on its way through a slot. */
export interface TrainBlock extends Block {
  readonly frames: RawFrames
}

/** Hands out trains that are in memory, as they are pulled. */
export class MemorySource implements FrameSource<TrainBlock> {
  readonly #trains: AsyncIterable<RawFrames> | Iterable<RawFrames>
  readonly #places: ReadonlyMap<number, number>
  #frames = 0

  /** @param cells cell ids in lane order. */
  constructor(trains: AsyncIterable<RawFrames> | Iterable<RawFrames>, cells: readonly number[]) {
    this.#trains = trains
    this.#places = new Map(cells.map((cell, position) => [cell, position]))
  }

  get counts(): FrameCounts {
    return { frames: this.#frames, lost: 0 }
  }

  /** @throws DataError for a cell whose constants are not resident. */
  async *blocks(): AsyncGenerator<TrainBlock> {
    for await (const frames of this.#trains) {
      const cells = Uint16Array.from(frames.cellIds, cell => this.#placeOf(cell, frames.train))
      this.#frames += cells.length
      yield { frames, cells, order: frames.train, fill: slot => fill(slot, frames) }
    }
  }

  #placeOf(cell: number, train: number): number {
    const place = this.#places.get(cell)
    if (place !== undefined) return place
    throw new DataError(`there are no constants of cell ${cell} in memory`, {
      place: { train },
      hint: 'Name all cells that the frames may have',
    })
  }
}

function fill(slot: SlotViews, { raw }: RawFrames): FramesIn {
  slot.raw.set(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))
  return { kind: 'slot' }
}

/** Hands corrected trains over; each keeps its slot until it is released. */
export class MemorySink implements FrameSink<TrainBlock> {
  readonly #take: (held: HeldFrames, frames: RawFrames) => void
  readonly #lose: (frames: RawFrames, error: unknown) => void
  #frames = 0
  #lost = 0

  constructor(
    take: (held: HeldFrames, frames: RawFrames) => void,
    lose: (frames: RawFrames, error: unknown) => void,
  ) {
    this.#take = take
    this.#lose = lose
  }

  get counts(): FrameCounts {
    return { frames: this.#frames, lost: this.#lost }
  }

  output(): FramesOut {
    return { kind: 'slot' }
  }

  take({ frames, cells }: TrainBlock, _result: BlockResult, slot: SlotViews): Promise<void> {
    this.#frames += cells.length
    return new Promise(resolve => this.#take(held(frames.train, cells.length, slot, resolve), frames))
  }

  lose({ frames, cells }: TrainBlock, error: unknown): void {
    this.#lost += cells.length
    this.#lose(frames, error)
  }
}

function held(train: number, frames: number, slot: SlotViews, release: () => void): HeldFrames {
  let released = false
  const inSlot = <T>(index: number, view: (bytes: Uint8Array) => T, bytes: (at: number) => Uint8Array): T => {
    if (released) throw new Error(`train ${train} was released`)
    if (!(index >= 0 && index < frames)) throw new RangeError(`train ${train} has no frame ${index}`)
    return view(bytes(index))
  }
  return {
    ...{ train, frames },
    data: index =>
      inSlot(
        index,
        bytes => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
        i => slot.data(i),
      ),
    gain: index =>
      inSlot(
        index,
        bytes => bytes,
        i => slot.gain(i),
      ),
    mask: index =>
      inSlot(
        index,
        bytes => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
        i => slot.mask(i),
      ),
    release: () => {
      released = true
      release()
    },
  }
}
