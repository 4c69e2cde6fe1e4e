import { DARK_REASONS, type StageJudgement } from './bad-pixels.js'
import type { DarkRecipe, StageName } from './recipe.js'

/** What was found of one stage of a module. */
export interface StageSummary {
  readonly stage: StageName
  /** Medians over cells of the medians over pixels, ADU; `gain` only where the detector has gain samples. */
  readonly offset: number
  readonly noise: number
  readonly gain?: number
  readonly gainDeviation?: number
  /** (pixel, cell) that were judged, and those with any bit. */
  readonly values: number
  readonly bad: number
  /** (pixel, cell) with each bit of {@link DARK_REASONS} that occurs. */
  readonly reasons: Readonly<Record<string, number>>
  /** By cell, for those with frames in this stage. */
  readonly cells: readonly CellSummary[]
}

export interface CellSummary {
  readonly cell: number
  readonly offset: number
  readonly noise: number
  readonly bad: number
}

/**
 * Sums up the judgements of a module's cells, stage by stage. Cells without frames count nowhere.
 * @param judgements by cell id, then stage; undefined: the cell has frames in no stage.
 */
export function summarise(
  recipe: DarkRecipe,
  judgements: readonly (readonly StageJudgement[] | undefined)[],
  pixels: number,
): StageSummary[] {
  return recipe.stages.map((stage, i) => {
    const all = judgements.flatMap((stages, cell) => {
      const judged = stages?.[i]
      // Without frames all is NaN.
      return judged === undefined || Number.isNaN(judged.offset) ? [] : [{ cell, judged }]
    })
    const over = (value: (judged: StageJudgement) => number) => middle(all.map(({ judged }) => value(judged)))
    const reasons = DARK_REASONS.map((name, bit): [string, number] => [
      name,
      all.reduce((sum, { judged }) => sum + (judged.reasons[bit] ?? 0), 0),
    ])
    return {
      stage,
      offset: over(({ offset }) => offset),
      noise: over(({ noise }) => noise),
      ...(recipe.gain && {
        gain: over(({ gain }) => gain),
        gainDeviation: over(({ gainDeviation }) => gainDeviation),
      }),
      values: all.length * pixels,
      bad: all.reduce((sum, { judged }) => sum + judged.bad, 0),
      reasons: Object.fromEntries(reasons.filter(([, count]) => count > 0)),
      cells: all.map(({ cell, judged: { offset, noise, bad } }) => ({ cell, offset, noise, bad })),
    }
  })
}

/** Median of numbers, the mean of the middle two for an even count; NaN of none. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2
}
