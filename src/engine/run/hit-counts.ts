import { pixelsOf } from '../../detectors/detector.js'
import type { HitColumns } from '../../sinks/hits/hit-file.js'
import type { JoinedFile } from '../../sources/run/join.js'
import type { LitPixels } from '../contract/derived.js'
import type { CorrectionPlan, HitPlan } from '../plan/plan.js'
import { findHits, hitScores, scaledScores } from './spi-hits.js'

/** Adds up the lit pixels of all modules, frame by frame of the whole detector, while a run is corrected. */
export class HitCounts {
  readonly #plan: HitPlan
  readonly #first = new Map<number, number>()
  readonly #lit: Float64Array
  readonly #unmasked: Float64Array

  constructor(plan: HitPlan) {
    this.#plan = plan
    let frames = 0
    for (const { trainId, pulseIds } of plan.trains) {
      this.#first.set(trainId, frames)
      frames += pulseIds.length
    }
    this.#lit = new Float64Array(frames)
    this.#unmasked = new Float64Array(frames)
  }

  /** Takes the columns of a CORR file that is whole. */
  take({ trains }: JoinedFile, { lit, unmasked }: LitPixels): void {
    let row = 0
    for (const { trainId, rows } of trains) {
      const first = this.#first.get(trainId) ?? 0
      for (let position = 0; position < rows.count; position++, row++) {
        const frame = first + position
        this.#lit[frame] = (this.#lit[frame] ?? 0) + (lit[row] ?? 0)
        this.#unmasked[frame] = (this.#unmasked[frame] ?? 0) + (unmasked[row] ?? 0)
      }
    }
  }

  /** Scores, hits and misses of the run. */
  hits({ detector, modules }: Pick<CorrectionPlan, 'detector' | 'modules'>): HitColumns {
    const { missRatio, energies } = this.#plan
    const trains = this.#plan.trains.map(({ trainId, pulseIds }) => ({ trainId, frames: pulseIds.length }))
    const counted = hitScores(this.#lit, this.#unmasked, modules.length * pixelsOf(detector))
    const scores = energies ? scaledScores({ trains, scores: counted }, energies) : counted
    return { scores, ...findHits({ trains, scores, missRatio }) }
  }
}
