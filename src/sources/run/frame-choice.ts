import type { TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { type FrameFilter, framesTaken } from './frame-filter.js'
import type { LitFrames } from './lit-frames.js'
import { type Positions, positionsOf } from './query.js'
import type { StoredPart } from './same-frames.js'
import { shortList } from './short-list.js'

/** Which frames of each train are corrected: those that the filter takes and, if light decides, those that are lit. */
export class FrameChoice {
  readonly #filter: FrameFilter
  readonly #light: LitFrames | undefined
  #last = new Uint32Array(0)
  readonly #untold: TrainId[] = []
  readonly #contradicted: TrainId[] = []

  constructor(filter: FrameFilter, light?: LitFrames) {
    this.#filter = filter
    this.#light = light
  }

  /** Positions in the train, of which `part` is one that most modules agree with. */
  positions(trainId: TrainId, { file, entry }: StoredPart): Positions {
    const { first, count } = entry.image
    const { pulses, cells, pulseIds } = this.#filter
    if (cells === undefined && pulseIds === undefined && this.#light === undefined)
      return positionsOf(pulses ?? { step: 1 }, count)
    const ids = {
      cellIds: file.cellIds.subarray(first, first + count),
      pulseIds: file.pulseIds.subarray(first, first + count),
    }
    const taken = framesTaken(this.#filter, ids)
    return this.#picked(this.#light ? this.#lit(this.#light, trainId, taken, ids.pulseIds) : taken)
  }

  /** Trains of which it is not known which frames are lit: none of their frames is corrected. */
  get problems(): Problem[] {
    if (this.#light === undefined) return []
    const { source, file } = this.#light
    const problem = (trains: readonly TrainId[], what: string): Problem[] => {
      const [train] = trains
      if (train === undefined) return []
      const named = `${trains.length === 1 ? 'train' : `${trains.length} trains`} ${shortList(trains, 5)}`
      const place = { file, dataset: source, train }
      return [{ check: 'lit_frames', severity: 'error', message: `${named} ${what}: not corrected`, place }]
    }
    return [
      ...problem(this.#untold, 'not told, so that nothing says which frames are lit'),
      ...problem(this.#contradicted, 'told with other pulses than those of the frames'),
    ]
  }

  #lit(light: LitFrames, trainId: TrainId, taken: readonly number[], pulseIds: Float64Array): number[] {
    const isLit = light.ofTrain(trainId)
    if (isLit === undefined) {
      if (taken.length > 0) this.#untold.push(trainId)
      return []
    }
    const told = taken.map(position => isLit(pulseIds[position] ?? Number.NaN))
    if (!told.includes(undefined)) return taken.filter((_, i) => told[i])
    this.#contradicted.push(trainId)
    return []
  }

  /** Most trains have the same frames: their list is kept once. */
  #picked(positions: readonly number[]): Positions {
    const last = this.#last
    const same = last.length === positions.length && positions.every((position, i) => last[i] === position)
    if (!same) this.#last = Uint32Array.from(positions)
    return { start: 0, step: 1, count: positions.length, picked: this.#last }
  }
}
