import type { BlockResult, FramesIn, FramesOut } from '../../src/engine/contract/block-task.js'
import type { Block, FrameCounts, FrameSink, FrameSource } from '../../src/engine/contract/frames.js'
import type { SlotViews } from '../../src/engine/contract/slot-views.js'
import { type HeldFrames, heldFrames, type RawFrames } from '../../src/engine/stream/memory-frames.js'
import { DataError } from '../../src/model/errors.js'

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
    return new Promise(resolve => this.#take(heldFrames(frames.train, cells.length, slot, resolve), frames))
  }

  lose({ frames, cells }: TrainBlock, error: unknown): void {
    this.#lost += cells.length
    this.#lose(frames, error)
  }
}
