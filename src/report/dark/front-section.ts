import type { DarkMap } from '../../../constants/dark/preview.js'
import { stageText } from '../../../constants/dark/recipe.js'
import { type DarkModule, type DarkOutcome, enteredText } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { median } from '../../model/median.js'
import { rangesText } from '../../model/ranges.js'
import { assembledFigure, defaultTable } from '../assembled.js'
import { SEQUENTIAL, SHARE } from '../colours.js'
import { scaleOf } from '../figures.js'
import {
  isFarMoreBad,
  Looks,
  lookList,
  looksText,
  type ModuleLook,
  percentText,
  verdictLine,
} from '../looks.js'
import type { StageScales } from './module-section.js'

/** For who has a minute: the verdict, the whole detector at a glance, the modules that need a look. */
export function frontSection(plan: DarkPlan, outcome: DarkOutcome, scales: readonly StageScales[]): string {
  const looks = looksOf(outcome)
  return `${verdict(outcome, looks)}
${pictures(plan, outcome, scales)}
${lookList(looks)}`
}

/** By module: those not characterised, and those with something that stands out. */
function looksOf({ modules, problems }: DarkOutcome): ModuleLook[] {
  const done = new Set<number>(modules.map(({ module }) => module))
  const looks = new Looks()
  for (const { message, place, severity } of problems)
    if (place.module !== undefined && severity === 'error') looks.add(place.module, message)
  for (const { module, stages, outliers } of modules) {
    for (const [i, { stage, bad, values }] of stages.entries()) {
      const usual = median(modules.map(other => shareOf(other, i)))
      if (isFarMoreBad(bad / values, usual))
        looks.add(
          module,
          `${stageText(stage, '', ', ')}${percentText(bad / values)} bad, of all modules ${percentText(usual)}`,
        )
    }
    for (const { stage, what, message } of outliers)
      looks.add(module, `${stageText(stage, '', ', ')}${what}: ${message}`)
  }
  return looks.list(done)
}

function shareOf({ stages }: DarkModule, stage: number): number {
  const { bad = 0, values = 0 } = stages[stage] ?? {}
  return bad / values
}

function verdict(outcome: DarkOutcome, looks: readonly ModuleLook[]): string {
  const done = outcome.modules.length
  const failed = looks.filter(({ failed }) => failed).map(({ module }) => module)
  const sentences = [
    failed.length === 0
      ? `${done === 1 ? 'The one module is' : `All ${done} modules are`} characterised.`
      : `${done} of ${done + failed.length} modules are characterised: not ${rangesText(failed)}.`,
    done > 0 ? looksText(looks) : '',
    `${enteredText(outcome)}.`,
  ]
  return verdictLine(sentences.filter(Boolean).join(' '), failed.length > 0)
}

/** The first stage's offset and noise, and where pixels are bad in any stage, of a detector whose kit knows where pixels are. */
function pictures({ detector }: DarkPlan, { modules }: DarkOutcome, [first]: readonly StageScales[]): string {
  const table = defaultTable(detector)
  if (table === undefined || first === undefined || modules.length === 0) return ''
  const stage = stageText(modules[0]?.stages[0]?.stage, ', ')
  const bad = maps(modules, worst)
  const share = { low: 0, high: Math.max(0.05, scaleOf([...bad.values()]).high) }
  const of = (quantity: 'offset' | 'noise') => maps(modules, ({ previews }) => previews[0]?.[quantity])
  const figures = [
    assembledFigure(`offset${stage}, ADU`, table, of('offset'), {
      palette: SEQUENTIAL,
      scale: first.offset,
    }),
    assembledFigure(`noise${stage}, ADU`, table, of('noise'), { palette: SEQUENTIAL, scale: first.noise }),
    assembledFigure(`share of bad pixels${stage && ', the worst gain stage'}`, table, bad, {
      palette: SHARE,
      scale: share,
    }),
  ]
  return `<div class="plates">${figures.join('')}</div>`
}

function maps(modules: readonly DarkModule[], of: (module: DarkModule) => DarkMap | undefined) {
  return new Map(
    modules.flatMap((module): [number, DarkMap][] => {
      const map = of(module)
      return map ? [[module.module, map]] : []
    }),
  )
}

/** Block by block the largest share of any stage. */
function worst({ previews: [first, ...others] }: DarkModule): DarkMap | undefined {
  return (
    first && {
      ...first.bad,
      values: first.bad.values.map((value, i) =>
        others.reduce((most, { bad }) => Math.max(most, bad.values[i] ?? 0), value),
      ),
    }
  )
}
