import { BIN } from '../../../constants/dark/preview.js'
import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'
import { conditionsText } from '../../engine/plan/told-conditions.js'
import { figureOf } from '../figures.js'
import { escaped, folded, htmlTable } from '../html.js'

/** What was done, with which limits, and a line for every module and stage: folded, but for what went wrong. */
export function summarySection(plan: DarkPlan, outcome: DarkOutcome, software: string): string {
  const { recipe, limits } = plan
  const bounds = (list: DarkPlan['limits']['offsetHard']) =>
    recipe.stages
      .map((stage, i) => `${stage === 'only' ? '' : `${stage} `}${list[i]?.join(' … ') ?? ''}`)
      .join(', ')
  const facts: [string, string][] = [
    ['runs', runsOf(plan).join('\n')],
    ['raw data', plan.rawData],
    ['valid from', plan.beginAt.toISOString()],
    ['conditions', conditionsText(plan.conditions, plan.told)],
    ['offset limits', `${limits.offsetSigma} σ; ${bounds(limits.offsetHard)} ADU`],
    ['noise limits', `${limits.noiseSigma} σ; ${bounds(limits.noiseHard)} ADU`],
    ...(recipe.thresholds
      ? [['gain separation', `at least ${limits.gainSeparation} σ`] satisfies [string, string]]
      : []),
    ['made by', software],
  ]
  const items = facts.map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value).replaceAll('\n', '<br>')}</dd>`,
  )
  return `${problems(outcome)}
${folded('<h2>Runs, conditions, limits</h2>', `<dl>${items.join('')}</dl>`)}
${folded('<h2>All modules and gain stages</h2>', overview(outcome))}
<h2>Modules</h2>
<p class="faint">Maps are means over memory cells and ${BIN} × ${BIN} pixels, the longer side of the module across; the scale of a stage is the same for all modules and leaves out a hundredth at either end. Counts of histograms are logarithmic, dashed lines are hard limits. A pixel counts once for each memory cell.</p>`
}

/** Each run with its stage, or one run of all. */
function runsOf({ runs, recipe }: DarkPlan): string[] {
  if (new Set(runs).size < runs.length) return [`${recipe.stages.join(', ')}: ${runs[0]?.run.path}`]
  return runs.map(({ run }, i) => (runs.length === 1 ? run.path : `${recipe.stages[i]}: ${run.path}`))
}

function problems({ problems }: DarkOutcome): string {
  if (problems.length === 0) return ''
  const lines = problems.map(({ severity, message, place: { module, file } }) => {
    const where = module === undefined ? (file === undefined ? '' : `${file}: `) : `module ${module}: `
    const tone = severity === 'error' ? ' class="alarm"' : ''
    return `<li${tone}>${escaped(`${severity}: ${where}${message}`)}</li>`
  })
  return `<ul>${lines.join('')}</ul>`
}

function overview({ modules }: DarkOutcome): string {
  const rows = modules.flatMap(({ module, stages, previous }) =>
    stages.map((summary, i) => {
      const share = summary.bad / summary.values
      const bar = `<span class="bar"><i style="width:${Math.min(100, 1000 * share).toFixed(1)}%"></i></span>`
      return [
        `<a href="#module-${module}">${module}</a>`,
        summary.stage === 'only' ? '–' : summary.stage,
        figureOf(summary.offset),
        figureOf(summary.noise),
        summary.gain === undefined ? '' : figureOf(summary.gain),
        `${(100 * share).toFixed(3)} ${bar}`,
        previous?.stages[i]?.offset ? figureOf(previous.stages[i].offset.rms) : '',
        previous?.stages[i]?.bad ? `+${previous.stages[i].bad.more} −${previous.stages[i].bad.fewer}` : '',
      ]
    }),
  )
  const header = [
    'module',
    'gain',
    'offset, ADU',
    'noise, ADU',
    'raw gain, ADU',
    'bad, % (bar: to 10 %)',
    'offset: rms to previous, ADU',
    'newly bad, good again, (pixel, cell)',
  ]
  return htmlTable(header, rows, 2)
}
