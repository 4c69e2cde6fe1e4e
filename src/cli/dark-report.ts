import { DARK_REASONS } from '../../constants/dark/bad-pixels.js'
import type { DarkMap } from '../../constants/dark/preview.js'
import { stageText } from '../../constants/dark/recipe.js'
import { type DarkOutcome, enteredText } from '../engine/dark/outcome.js'
import type { DarkPlan } from '../engine/dark/plan.js'
import { conditionsText } from '../engine/plan/told-conditions.js'
import type { Report } from './output.js'
import { problemLines } from './problems.js'
import { sizeText } from './quantities.js'
import { table } from './table.js'

/** Short names of {@link DARK_REASONS} for the table. */
const REASONS = ['offset', 'noise', 'not finite', 'no data', 'gain'] as const

/** What `--dry-run` prints. */
export function darkPlanReport(plan: DarkPlan): Report {
  const { lanes, totals, workers, recipe } = plan
  const rows = plan.modules.map(({ module, pdu, cells, stages }) => [
    String(module),
    pdu,
    String(cells),
    ...stages.map(({ trains }) => String(trains)),
  ])
  const text = [
    `${plan.karaboId}, ${plan.rawData}: ${plan.modules.length} modules, ${totals.frames} module frames`,
    `valid from ${plan.beginAt.toISOString()} for ${conditions(plan)}`,
    `read ${sizeText(totals.rawBytes)}, write ${sizeText(totals.outputBytes)}`,
    `${workers} workers, ${lanes.count} lanes of ${sizeText(lanes.layout.bytes)}, strips of ${lanes.stripRows} rows`,
    '',
    table(
      [
        'module',
        'unit',
        'cells',
        ...recipe.stages.map(stage => (stage === 'only' ? 'trains' : `${stage} trains`)),
      ],
      rows,
    ),
    problemLines(plan.problems),
  ].join('\n')
  const json = {
    detector: plan.detector.id,
    karaboId: plan.karaboId,
    rawData: plan.rawData,
    beginAt: plan.beginAt.toISOString(),
    conditions: plan.told,
    limits: plan.limits,
    totals,
    workers,
    lanes: { count: lanes.count, bytes: lanes.bytes, stripRows: lanes.stripRows },
    modules: plan.modules.map(({ module, pdu, cells, stages }) => ({
      module,
      unit: pdu,
      cells,
      trains: stages.map(({ trains }) => trains),
      frames: stages.map(({ frames }) => frames),
    })),
    problems: plan.problems,
  }
  return { text, json }
}

/** What a finished characterisation prints: a row for each module and stage. */
export function darkOutcomeReport(plan: DarkPlan, outcome: DarkOutcome, html: string | undefined): Report {
  const rows = outcome.modules.flatMap(({ module, stages, previous }) =>
    stages.map((summary, i) => [
      String(module),
      summary.stage === 'only' ? '–' : summary.stage,
      summary.offset.toFixed(1),
      summary.noise.toFixed(2),
      summary.gain?.toFixed(0) ?? '',
      String(summary.bad),
      ((100 * summary.bad) / summary.values).toFixed(2),
      ...DARK_REASONS.map(name => String(summary.reasons[name] ?? 0)),
      previous?.stages[i]?.offset?.rms.toFixed(2) ?? '',
    ]),
  )
  const header = [
    ...['module', 'gain', 'offset, ADU', 'noise, ADU', 'raw gain, ADU', 'bad', '%', ...REASONS],
    'rms to previous, ADU',
  ]
  const { seconds, rawBytes } = outcome
  const text = [
    table(header, rows),
    ...outcome.modules.flatMap(({ module, outliers }) =>
      outliers.map(
        ({ stage, what, message }) => `module ${module}${stageText(stage, ', ')}, ${what}: ${message}`,
      ),
    ),
    `${enteredText(outcome)}, valid from ${plan.beginAt.toISOString()} for ${conditions(plan)}`,
    `${outcome.frames} module frames in ${seconds.toFixed(2)} s: ${sizeText(rawBytes / seconds)}/s of raw data, at most ${sizeText(outcome.peakMemory)} of memory`,
    ...(html === undefined ? [] : [`report: ${html}`]),
    '',
  ].join('\n')
  const json = {
    detector: plan.detector.id,
    karaboId: plan.karaboId,
    rawData: plan.rawData,
    beginAt: plan.beginAt.toISOString(),
    conditions: plan.told,
    limits: plan.limits,
    modules: outcome.modules.map(({ module, pdu, stages, previews, outliers, previous }) => ({
      module,
      unit: pdu,
      stages: stages.map((summary, i) => ({ ...summary, histograms: previews[i]?.histograms })),
      outliers,
      previous: previous && {
        beginAt: previous.beginAt.toISOString(),
        stages: previous.stages.map(withoutMaps),
      },
    })),
    constants: outcome.versions.map(
      ({ version: { id, calibration, pdu, path, dataset, sha256 }, isNew }) => ({
        ...{ id, calibration, pdu, path, dataset, sha256, isNew },
      }),
    ),
    problems: outcome.problems,
    ...{ frames: outcome.frames, rawBytes, seconds, peakMemory: outcome.peakMemory },
    ...(html === undefined ? {} : { report: html }),
  }
  return { text, json }
}

/** Without maps: those are in the report. */
function withoutMaps(stage: object): object {
  const isMap = (value: unknown): value is { map: DarkMap } =>
    typeof value === 'object' && value !== null && 'map' in value
  return Object.fromEntries(
    Object.entries(stage).map(([name, value]: [string, unknown]) => {
      if (!isMap(value)) return [name, value]
      const { map: _, ...rest } = value
      return [name, rest]
    }),
  )
}

function conditions(plan: DarkPlan): string {
  return conditionsText(plan.conditions, plan.told)
}
