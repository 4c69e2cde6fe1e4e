import { BAD_PIXELS } from '../../../constants/model/bad-pixels.js'
import { PHASES } from '../../engine/contract/phase-times.js'
import { grouped } from '../../model/grouped.js'
import type { Problem } from '../../model/problem.js'
import { rangesText } from '../../model/ranges.js'
import { figureOf } from '../figures.js'
import { escaped, folded, htmlTable } from '../html.js'
import type { CorrectedRun } from './corrected-run.js'
import { type ModuleQuality, type RunQuality, shortTime } from './quality.js'

/** What the front page leaves out, folded. */
export function detailSections(corrected: CorrectedRun, quality: RunQuality, problems: readonly Problem[]) {
  const { modules, sampledFrames } = quality
  const read = `<p class="faint">${sampledFrames.toLocaleString('en')} frames of the detector, spread evenly over the run, were read back.</p>`
  return [
    problemList(problems),
    folded('<h2>Modules</h2>', moduleTable(modules, quality.unit)),
    folded('<h2>Gain stages</h2>', read + stageTable(modules)),
    folded(
      '<h2>Bad pixels by reason</h2>',
      `${read}<p>Of (pixel, frame), by module:</p>${bitTable(modules)}`,
    ),
    folded('<h2>Constants</h2>', constantTable(modules)),
    folded('<h2>Time</h2>', timeTable(modules)),
    folded('<h2>Options</h2>', options(corrected)),
  ].join('\n')
}

function problemList(problems: readonly Problem[]): string {
  if (problems.length === 0) return ''
  const lines = problems.map(({ severity, message, place: { module, file } }) => {
    const where = [file, module === undefined ? undefined : `module ${module}`].filter(Boolean).join(', ')
    const tone = severity === 'error' ? ' class="alarm"' : ''
    return `<li${tone}>${escaped(`${severity}: ${where && `${where}: `}${message}`)}</li>`
  })
  const title = `<h2>${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}</h2>`
  return folded(title, `<ul>${lines.join('')}</ul>`)
}

function moduleTable(modules: readonly ModuleQuality[], unit: string): string {
  const rows = modules.map(each => [
    `<span id="module-${each.module}">${each.module}</span>`,
    escaped(each.status),
    ...[each.files, each.failedFiles, each.trains, each.frames, each.failedFrames, each.notWritten].map(
      String,
    ),
    each.signal === undefined || each.signal === null ? '–' : figureOf(each.signal),
    each.badShare === undefined ? '–' : `${(100 * each.badShare).toFixed(3)} ${bar(each.badShare)}`,
  ])
  const header = [
    ...['module', 'status', 'files', 'files failed', 'trains', 'frames', 'frames failed'],
    ...['frames not in RAW', `mean of good pixels, ${unit}`, 'bad, % (bar: to 10 %)'],
  ]
  return htmlTable(header, rows, 2)
}

function bar(share: number): string {
  return `<span class="bar"><i style="width:${Math.min(100, 1000 * share).toFixed(1)}%"></i></span>`
}

const STAGES = ['high', 'medium', 'low']

function stageTable(modules: readonly ModuleQuality[]): string {
  const sampled = modules.filter(({ stageShares }) => stageShares !== undefined)
  const count = sampled[0]?.stageShares?.length ?? 0
  const names = count === 1 ? ['the one stage'] : STAGES.slice(0, count)
  const rows = sampled.map(({ module, stageShares = [] }) => [
    String(module),
    ...stageShares.map(share => (100 * share).toFixed(4)),
  ])
  return htmlTable(['module', ...names.map(name => `${name}, % of good (pixel, frame)`)], rows, 1)
}

/** A row a reason, a column a module. */
function bitTable(modules: readonly ModuleQuality[]): string {
  const sampled = modules.filter(({ bitShares }) => bitShares !== undefined)
  const bitOf = (name: string) =>
    BAD_PIXELS[name as keyof typeof BAD_PIXELS] ?? Number(name.slice('BIT_'.length))
  const names = [...new Set(sampled.flatMap(({ bitShares = {} }) => Object.keys(bitShares)))]
  const rows = names
    .sort((a, b) => bitOf(a) - bitOf(b))
    .map(name => [
      String(bitOf(name)),
      escaped(name),
      ...sampled.map(({ bitShares = {} }) => (100 * (bitShares[name] ?? 0)).toFixed(3)),
    ])
  const any = ['', 'any', ...sampled.map(({ badShare = 0 }) => (100 * badShare).toFixed(3))]
  const header = ['bit', 'reason', ...sampled.map(({ module }) => `${module}, %`)]
  return htmlTable(header, [...rows, any], 2)
}

/** A row for each calibration and time. */
function constantTable(modules: readonly ModuleQuality[]): string {
  const all = modules.flatMap(({ module, constants }) =>
    Object.entries(constants).map(([name, time]) => ({ module, name, time })),
  )
  const rows = [...grouped(all, ({ name, time }) => `${name} ${time}`).values()].map(same => [
    escaped(same[0]?.name ?? ''),
    escaped(shortTime(same[0]?.time)),
    escaped(rangesText(same.map(({ module }) => module))),
  ])
  return htmlTable(['calibration', 'of, UTC', 'modules'], rows, 3)
}

function timeTable(modules: readonly ModuleQuality[]): string {
  const timed = modules.filter(({ seconds }) => Object.keys(seconds).length > 0)
  const rows = timed.map(({ module, seconds }) => [
    String(module),
    ...PHASES.map(phase => (seconds[phase] ?? 0).toFixed(2)),
  ])
  return htmlTable(['module', ...PHASES.map(phase => `${phase}, thread s`)], rows, 1)
}

function options({ content: { input, provenance, modules }, folder }: CorrectedRun): string {
  const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
  const steps = new Set(
    modules.flatMap(({ outcome }) => (outcome['steps'] as string[] | undefined)?.join(', ') ?? []),
  )
  const facts: [string, string][] = [
    ['raw data', input],
    ['corrected data', folder],
    ['made by', `${provenance.software}, ${provenance.created}`],
    ['steps', [...steps].join('; ')],
    ...Object.entries(provenance.options)
      .filter(([name]) => name !== 'steps')
      .map(([name, value]): [string, string] => [name, text(value)]),
  ]
  const items = facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
  return `<dl>${items.join('')}</dl>`
}
