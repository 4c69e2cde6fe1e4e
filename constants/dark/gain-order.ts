import type { DarkRecipe } from './recipe.js'
import type { StageSummary } from './summary.js'

/**
 * Why the runs cannot belong to their stages according to the gain samples, with the order they would be in; undefined
 * if they can, or if the detector has no gain samples.
 */
export function gainOrderProblem(recipe: DarkRecipe, stages: readonly StageSummary[]): string | undefined {
  const { gain } = recipe
  if (gain === undefined) return undefined
  const found = stages.map(summary => ({ ...summary, gain: summary.gain ?? Number.NaN }))
  if (gain.tells === 'stage') {
    const wrong = found.find(({ gain }, stage) => Math.round(gain) !== stage)
    const name = wrong && recipe.stages[Math.round(wrong.gain)]
    return wrong && `the pixels of the ${wrong.stage} gain run are in ${name ?? 'no'} gain`
  }
  for (const [i, next] of found.entries()) {
    const before = found[i - 1]
    // Runs of one stage differ by less than the spread of their samples.
    if (before === undefined || next.gain - before.gain > (before.gainDeviation ?? 0)) continue
    const levels = found.map(({ stage, gain }) => `${stage} ${gain.toFixed(0)}`).join(', ')
    const sorted = [...found].sort((a, b) => a.gain - b.gain).map(({ stage }) => stage)
    const order =
      sorted.join() === recipe.stages.join() ? 'some are of the same stage' : advice(recipe, sorted)
    return `mean raw gains must rise from stage to stage, but are ${levels} ADU: ${order}`
  }
  return undefined
}

/** According to the levels, the run given for `sorted[i]` belongs to stage i. */
function advice({ stages }: DarkRecipe, sorted: readonly string[]): string {
  const swapped = stages.flatMap((stage, i) =>
    sorted[i] === stage ? [] : [`${sorted[i]} seems to be ${stage}`],
  )
  return `the run given for ${swapped.join(', for ')}`
}
