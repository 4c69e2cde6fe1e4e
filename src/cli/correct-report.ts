import { basename } from 'node:path'
import { conditionText } from '../../constants/model/conditions.js'
import { calibrationsOf } from '../corrections/planes.js'
import { PHASES } from '../engine/contract/phase-times.js'
import type { PixelCounts } from '../engine/contract/pixel-counts.js'
import type { CorrectionPlan } from '../engine/plan/plan.js'
import type { ToldConditions } from '../engine/plan/told-conditions.js'
import { type CorrectionOutcome, framesCorrected, pixelsOfModules } from '../engine/run/outcome.js'
import { rangesText } from '../model/ranges.js'
import type { Report } from './output.js'
import { problemLines } from './problems.js'
import { sizeText } from './quantities.js'
import { table } from './table.js'

const GB = 1e9

/** What `--dry-run` prints. */
export function planReport(plan: CorrectionPlan, told: ToldConditions): Report {
  const { lanes, totals, workers } = plan
  const rows = plan.modules.map(({ module, sequences, cells, chain, constants }) => [
    String(module),
    constants.pdu,
    String(sequences.length),
    String(sequences.reduce((sum, { joined }) => sum + joined.frames, 0)),
    String(cells.length),
    chain.steps.join(' '),
  ])
  const stepsColumn = 5
  const steps = new Set(rows.map(row => row[stepsColumn]))
  const header = ['module', 'unit', 'files', 'frames', 'cells', 'steps']
  // Usually the same in all modules, and long.
  const columns = steps.size === 1 ? stepsColumn : header.length
  const text = [
    `${plan.run.karaboId}, run ${plan.run.run ?? '?'}: ${plan.modules.length} modules, ${totals.trains} trains, ${totals.frames} module frames`,
    ...(totals.selected
      ? [
          `selected: ${totals.selected.frames} of ${totals.selected.of} frames of the detector in these trains`,
        ]
      : []),
    `read ${sizeText(totals.rawBytes)}, write about ${sizeText(totals.outputBytes)}`,
    `${workers} workers, ${lanes.count} lanes of ${sizeText(lanes.layout.bytes)}, blocks of ${lanes.block.trains} trains × ${lanes.block.framesPerTrain} frames`,
    '',
    ...(steps.size === 1 ? [`steps: ${[...steps].join()}`, ''] : []),
    table(
      header.slice(0, columns),
      rows.map(row => row.slice(0, columns)),
    ),
    conditionTable(told),
    ...constantLines(plan),
    '',
    ...(plan.combined
      ? [`combined: ${plan.combined.path}, ${plan.combined.trainIds.length} frames`, '']
      : []),
    problemLines(plan.problems),
  ].join('\n')
  const json = {
    detector: plan.detector.id,
    karaboId: plan.run.karaboId,
    conditions: told,
    totals,
    workers,
    lanes: { count: lanes.count, bytes: lanes.bytes, slots: lanes.layout.slots, block: lanes.block },
    modules: plan.modules.map(({ module, chain, constants, cells, sequences }) => ({
      module,
      unit: constants.pdu,
      steps: chain.steps,
      skipped: chain.skipped,
      maskMaps: chain.maskMaps,
      cells,
      sequences: sequences.map(({ joined, output }) => ({
        input: joined.file.path,
        output,
        frames: joined.frames,
        trains: joined.trains.length,
      })),
    })),
    combined: plan.combined ? { path: plan.combined.path, frames: plan.combined.trainIds.length } : undefined,
    problems: plan.problems,
  }
  return { text, json }
}

/** What a finished correction prints. */
export function outcomeReport(
  plan: CorrectionPlan,
  told: ToldConditions,
  outcome: CorrectionOutcome,
): Report {
  const stages = STAGES.slice(0, plan.detector.stages > 1 ? plan.detector.stages : 0)
  const rows = outcome.modules.map(each => [
    String(each.module),
    each.status,
    String(each.sequences.filter(({ status }) => status === 'corrected').length),
    String(framesCorrected([each])),
    ...shareCells(pixelsOfModules([each]), stages.length),
    each.sequences.map(({ output }) => (output === undefined ? '' : basename(output))).filter(Boolean)[0] ??
      '',
  ])
  const { seconds, rawBytes, phases } = outcome
  const phaseRows = PHASES.map(name => {
    const { ns, bytes } = phases[name]
    return [
      name,
      (ns / 1e9).toFixed(2),
      bytes > 0 ? (bytes / GB).toFixed(2) : '',
      bytes > 0 && ns > 0 ? (bytes / ns).toFixed(2) : '',
    ]
  })
  const text = [
    table(
      [
        'module',
        'status',
        'files',
        'frames',
        ...stages.map(stage => `${stage}, %`),
        'masked, %',
        'first file',
      ],
      rows,
    ),
    conditionTable(told),
    ...constantLines(plan),
    '',
    table(['phase', 'thread s', 'GB', 'GB/s'], phaseRows),
    `${plan.totals.trains} trains, ${outcome.frames} module frames${failedText(plan, outcome)} in ${seconds.toFixed(2)} s: ${sizeText(rawBytes / seconds)}/s of raw data, at most ${sizeText(outcome.peakMemory)} of memory`,
    ...(outcome.device === undefined
      ? []
      : [`${outcome.device.frames} of the module frames on ${outcome.device.name}`]),
    ...(outcome.combined === undefined ? [] : [`combined: ${outcome.combined}`]),
    ...(outcome.metadata === undefined ? [] : [`metadata: ${outcome.metadata}`]),
    '',
  ].join('\n')
  const maskMaps = new Map(plan.modules.map(({ module, chain }) => [module, chain.maskMaps]))
  const modules = outcome.modules.map(each => ({
    ...each,
    pixels: pixelsOfModules([each]),
    maskMaps: maskMaps.get(each.module) ?? [],
  }))
  return { text, json: { ...outcome, modules, conditions: told } }
}

const STAGES = ['high', 'medium', 'low'] as const

/** Shares of pixels in each of `stages` gain stages, and masked; empty where nothing was corrected. */
function shareCells({ all, stages, masked }: PixelCounts, count: number): string[] {
  const shares = [...Array.from({ length: count }, (_, stage) => stages[stage] ?? 0), masked]
  return shares.map(pixels => (all === 0 ? '' : ((100 * pixels) / all).toFixed(3)))
}

/** Says that not all of them were. */
function failedText({ totals }: CorrectionPlan, { frames }: CorrectionOutcome): string {
  return frames < totals.frames ? ` of ${totals.frames}` : ''
}

/** `constants: Offset, ThresholdsDark of 2026-01-02T00:00:00Z, 3.5 h before the run, modules 0-15`: a line for each time. */
function constantLines({ modules, run }: CorrectionPlan): string[] {
  const groups = new Map<number, { names: Set<string>; modules: Set<number> }>()
  for (const { module, chain, constants } of modules)
    for (const name of calibrationsOf(chain.planes)) {
      const time = constants.constants.get(name)?.beginAt.getTime()
      if (time === undefined) continue
      const group = groups.get(time) ?? { names: new Set(), modules: new Set() }
      group.names.add(name)
      group.modules.add(module)
      groups.set(time, group)
    }
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([time, { names, modules }]) => {
      const numbers = rangesText([...modules])
      return `constants: ${[...names].join(', ')} of ${new Date(time).toISOString().replace('.000Z', 'Z')}${distance(time, run.time)}, module${modules.size > 1 ? 's' : ''} ${numbers}`
    })
}

/** `, 3.5 h before the run`. */
function distance(time: number, run: Date | undefined): string {
  if (run === undefined) return ''
  const hours = Math.abs(run.getTime() - time) / 3600e3
  const length = hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(0)} days`
  return `, ${length} ${run.getTime() < time ? 'after' : 'before'} the run`
}

/** Operating conditions with the origin of each. */
function conditionTable(told: ToldConditions): string {
  const rows = Object.entries(told).map(([name, { value, source }]) => [
    name,
    value === undefined ? '–' : conditionText(name, value),
    source,
  ])
  return table(['condition', 'value', 'from'], rows)
}
