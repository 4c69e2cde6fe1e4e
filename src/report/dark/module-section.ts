import type { Shift } from '../../../constants/dark/difference.js'
import { boundsOf, type DarkLimits } from '../../../constants/dark/limits.js'
import { stageText } from '../../../constants/dark/recipe.js'
import type { CellSummary } from '../../../constants/dark/summary.js'
import { BAD_PIXELS } from '../../../constants/model/bad-pixels.js'
import type { DarkModule } from '../../engine/dark/outcome.js'
import { DIVERGING, type Scale, SEQUENTIAL, SHARE } from '../colours.js'
import { cellFigure, figureOf, histogramFigure, mapFigure, scaleOf } from '../figures.js'
import { escaped, folded, htmlTable } from '../html.js'

/** Scales of one stage, shared by all modules so that they compare. */
export interface StageScales {
  readonly offset: Scale
  readonly noise: Scale
  readonly shift: Scale
}

/** The scales of every stage. */
export function scalesOf(modules: readonly DarkModule[]): StageScales[] {
  const stages = modules[0]?.stages ?? []
  return stages.map((_, stage) => {
    const previews = modules.flatMap(({ previews }) => previews[stage] ?? [])
    const shifts = modules.flatMap(({ previous }) => previous?.stages[stage]?.offset?.map ?? [])
    const shift = scaleOf(shifts)
    const most = Math.max(Math.abs(shift.low), Math.abs(shift.high))
    return {
      offset: scaleOf(previews.map(({ offset }) => offset)),
      noise: scaleOf(previews.map(({ noise }) => noise)),
      shift: { low: -most, high: most },
    }
  })
}

/** A module's part of the report, folded; a link to it unfolds it. */
export function moduleSection(
  module: DarkModule,
  scales: readonly StageScales[],
  limits: DarkLimits,
): string {
  const previous = module.previous
    ? `compared with the constants of ${module.previous.beginAt.toISOString()}`
    : 'no constants before to compare with'
  const title = `<h2>Module ${module.module}</h2> <span class="faint">${escaped(module.pdu)}</span>`
  const content = `<section class="module" id="module-${module.module}">
<p class="faint">${escaped(previous)}</p>
${outliers(module)}
${module.stages.map((_, stage) => stagePart(module, stage, scales[stage], limits)).join('\n')}
</section>`
  return folded(title, content)
}

function outliers({ outliers }: DarkModule): string {
  if (outliers.length === 0) return ''
  const items = outliers.map(
    ({ stage, what, message }) => `<li>${escaped(`${stageText(stage, '', ', ')}${what}: ${message}`)}</li>`,
  )
  return `<ul class="alarm">${items.join('')}</ul>`
}

function stagePart(
  module: DarkModule,
  stage: number,
  scales: StageScales | undefined,
  limits: DarkLimits,
): string {
  const summary = module.stages[stage]
  const preview = module.previews[stage]
  if (summary === undefined || preview === undefined || scales === undefined) return ''
  const difference = module.previous?.stages[stage]
  const { histograms } = preview
  const share = { low: 0, high: Math.max(0.05, scaleOf([preview.bad]).high) }
  const plates = [
    mapFigure('offset, ADU', preview.offset, SEQUENTIAL, scales.offset),
    mapFigure('noise, ADU', preview.noise, SEQUENTIAL, scales.noise),
    mapFigure('share of bad pixels', preview.bad, SHARE, share),
    ...(difference?.offset
      ? [mapFigure('offset − previous, ADU', difference.offset.map, DIVERGING, scales.shift)]
      : []),
    histogramFigure('offset, ADU', histograms.offset, boundsOf(limits.offsetHard, stage)),
    histogramFigure('noise, ADU', histograms.noise, boundsOf(limits.noiseHard, stage)),
    ...byCell(module, stage),
  ]
  const gain = summary.gain === undefined ? '' : `, raw gain ${figureOf(summary.gain)} ADU`
  const medians = `median offset ${figureOf(summary.offset)} ADU, noise ${figureOf(summary.noise)} ADU${gain}`
  return `<div class="stage"><h3>${stageText(summary.stage, '', ' ')}<span class="faint">${escaped(medians)}</span></h3>
<div class="plates">${plates.join('')}</div>
<div class="plates">${reasonTable(module, stage)}<div>${shiftText(difference?.offset, 'offset')}${shiftText(difference?.noise, 'noise')}${
    difference?.bad
      ? `<p>${difference.bad.more} pixels are bad that were good, ${difference.bad.fewer} good that were bad, of ${difference.bad.compared} (pixel, cell).</p>`
      : ''
  }</div></div></div>`
}

/** Medians over the module and share of bad pixels, where there are cells to compare. */
function byCell({ stages }: DarkModule, stage: number): string[] {
  const { cells = [], values = 0 } = stages[stage] ?? {}
  if (cells.length < 2) return []
  const figure = (caption: string, value: (cell: CellSummary) => number) =>
    cellFigure(
      caption,
      cells.map(cell => ({ cell: cell.cell, value: value(cell) })),
    )
  return [
    figure('median offset, ADU', ({ offset }) => offset),
    figure('median noise, ADU', ({ noise }) => noise),
    figure('bad pixels, %', ({ bad }) => (100 * bad * cells.length) / values),
  ]
}

function reasonTable(module: DarkModule, stage: number): string {
  const summary = module.stages[stage]
  const reasons = Object.entries(summary?.reasons ?? {})
  if (summary === undefined || reasons.length === 0) return ''
  const rows = reasons.map(([name, count]) => [
    String(BAD_PIXELS[name as keyof typeof BAD_PIXELS]),
    escaped(name),
    String(count),
    ((100 * count) / summary.values).toFixed(3),
  ])
  const any = ['', 'any', String(summary.bad), ((100 * summary.bad) / summary.values).toFixed(3)]
  return htmlTable(['bit', 'reason', '(pixel, cell)', '%'], [...rows, any], 2)
}

function shiftText(shift: Shift | undefined, what: string): string {
  if (shift === undefined || shift.compared === 0) return ''
  return `<p>${what} − previous: mean ${figureOf(shift.mean)}, rms ${figureOf(shift.rms)}, at most ${figureOf(shift.largest)} ADU over ${shift.compared} (pixel, cell).</p>`
}
