import { median } from '../../src/model/median.js'
import { DARK_REASONS, type StageEvaluation } from './bad-pixels.js'
import type { DarkRecipe, StageName } from './recipe.js'

/** What was found of one stage of a module. */
export interface StageSummary {
  readonly stage: StageName
  /** Medians over cells of the medians over pixels, ADU; `gain` only where the detector has gain samples. */
  readonly offset: number
  readonly noise: number
  readonly gain?: number
  readonly gainDeviation?: number
  /** (pixel, cell) that were evaluated, and those with any bit. */
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
 * Sums up the evaluations of a module's cells, stage by stage. Cells without frames are not counted.
 * @param evaluations by cell id, then stage; undefined: the cell has frames in no stage.
 */
export function summarise(
  recipe: DarkRecipe,
  evaluations: readonly (readonly StageEvaluation[] | undefined)[],
  pixels: number,
): StageSummary[] {
  return recipe.stages.map((stage, i) => {
    const all = evaluations.flatMap((stages, cell) => {
      const evaluated = stages?.[i]
      // Without frames all is NaN.
      return evaluated === undefined || Number.isNaN(evaluated.offset) ? [] : [{ cell, evaluated }]
    })
    const over = (value: (evaluated: StageEvaluation) => number) =>
      median(all.map(({ evaluated }) => value(evaluated)))
    const reasons = DARK_REASONS.map((name, bit): [string, number] => [
      name,
      all.reduce((sum, { evaluated }) => sum + (evaluated.reasons[bit] ?? 0), 0),
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
      bad: all.reduce((sum, { evaluated }) => sum + evaluated.bad, 0),
      reasons: Object.fromEntries(reasons.filter(([, count]) => count > 0)),
      cells: all.map(({ cell, evaluated: { offset, noise, bad } }) => ({ cell, offset, noise, bad })),
    }
  })
}
