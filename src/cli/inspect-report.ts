import { conditionText } from '../../constants/model/conditions.js'
import { rawFrameBytes } from '../detectors/detector.js'
import { type ToldConditions, toldConditions } from '../engine/plan/told-conditions.js'
import { PULSE_LIMIT } from '../model/ids.js'
import type { RawGain } from '../sources/run/raw-gain.js'
import type { ModuleFile, Run } from '../sources/run/run.js'
import { table } from './table.js'

const GB = 1e9
const GAIN_MODES = ['adaptive', 'fixed high', 'fixed medium', 'fixed low'] as const

/** What one file, or all of a module's, hold. */
interface Figures {
  readonly trains: number
  readonly frames: number
  readonly gigabytes: number
}

function figures(run: Run, files: readonly ModuleFile[]): Figures {
  const entries = files.flatMap(file => file.trains)
  const frames = entries.reduce((sum, { image }) => sum + image.count, 0)
  return {
    trains: entries.length,
    frames,
    gigabytes: (frames * run.rawFrames * rawFrameBytes(run.detector)) / GB,
  }
}

/** Smallest and largest, and how many different ones. */
interface Spread {
  readonly from: number
  readonly to: number
  readonly different: number
}

/** Over all frames that belong to a train, for ids below `limit`: others are reported as problems. */
function spread(run: Run, limit: number, ids: (file: ModuleFile) => ArrayLike<number>): Spread | undefined {
  const seen = new Set<number>()
  for (const file of [...run.modules.values()].flat())
    for (const { image } of file.trains)
      for (let row = image.first; row < image.first + image.count; row++) {
        const id = ids(file)[row] ?? 0
        if (id >= 0 && id < limit && Number.isInteger(id)) seen.add(id)
      }
  if (seen.size === 0) return undefined
  let [from, to] = [Number.POSITIVE_INFINITY, 0]
  for (const id of seen) {
    from = Math.min(from, id)
    to = Math.max(to, id)
  }
  return { from, to, different: seen.size }
}

/** The summary as JSON; it has every figure of the text. */
export function inspectJson(run: Run, rawGain?: RawGain) {
  const files = [...run.modules.values()].flat()
  const perTrain = files
    .flatMap(file => file.trains.map(train => train.image.count))
    .filter(count => count > 0)
  return {
    path: run.path,
    detector: run.detector.id,
    karaboId: run.karaboId,
    proposal: run.proposal,
    run: run.run,
    time: run.time?.toISOString(),
    formats: [...new Set(files.map(file => file.formatVersion))].sort(),
    trains: {
      count: run.trainIds.length,
      first: run.trainIds[0],
      last: run.trainIds.at(-1),
      suspect: suspects(files),
    },
    framesPerTrain: {
      least: perTrain.reduce((least, count) => Math.min(least, count), perTrain[0] ?? 0),
      most: perTrain.reduce((most, count) => Math.max(most, count), 0),
    },
    cells: spread(run, run.detector.maxCells, file => file.cellIds),
    pulses: spread(run, PULSE_LIMIT, file => file.pulseIds),
    gainMode: run.gainMode === undefined ? undefined : GAIN_MODES[run.gainMode],
    rawGain,
    conditions: toldOf(run),
    total: figures(run, files),
    modules: [...run.modules].map(([module, sequences]) => ({
      module,
      ...figures(run, sequences),
      sequences: sequences.map(file => ({
        path: file.path,
        sequence: file.sequence,
        first: file.trains[0]?.trainId,
        last: file.trains.at(-1)?.trainId,
        ...figures(run, [file]),
      })),
    })),
    problems: run.problems,
  }
}

function suspects(files: readonly ModuleFile[]): number {
  return new Set(
    files.flatMap(file => file.trains.filter(({ flag }) => flag === 0).map(({ trainId }) => trainId)),
  ).size
}

/** For detectors that have one; in parallel gain a run has each pulse once in each stage. */
function gainModeText({ detector, gainMode, rawFrames }: Run): string | undefined {
  if (rawFrames > 1) return 'parallel'
  if (!detector.fixedGain) return undefined
  return gainMode === undefined ? `${GAIN_MODES[0]} (assumed)` : `${GAIN_MODES[gainMode]} (control data)`
}

/** Every condition with its origin; the gain mode is the one a correction would assume. */
function toldOf({ detector, conditions, conditionSources, gainMode }: Run): ToldConditions {
  const gain = detector.fixedGain ? { 'Gain mode': gainMode ?? 0 } : {}
  return toldConditions(detector, { ...conditions, ...gain }, conditionSources)
}

/** The summary as text: facts by name, then modules with their sequences. */
export function inspectText(run: Run, rawGain?: RawGain): string {
  const summary = inspectJson(run)
  const { trains, framesPerTrain, cells, pulses, total } = summary
  // Test runs are small.
  const [unit, scale] = total.gigabytes < 1 ? ['MB', 1000] : ['GB', 1]
  const size = ({ gigabytes }: { gigabytes: number }) => (gigabytes * scale).toFixed(scale === 1 ? 2 : 1)
  const range = (found: Spread | undefined) =>
    found ? `${found.from} to ${found.to} (${found.different} different)` : 'none'
  const facts: [string, string | undefined][] = [
    ['detector', `${run.detector.name}, ${run.karaboId}`],
    ['proposal', run.proposal?.toString()],
    ['run', run.run?.toString()],
    ['time', run.time?.toISOString()],
    ['format', summary.formats.join(', ')],
    ['trains', trains.count === 0 ? '0' : `${trains.count}, ${trains.first} to ${trains.last}`],
    ['suspect', trains.suspect === 0 ? undefined : `${trains.suspect} by their flag; corrected all the same`],
    ['frames', `${total.frames} of ${run.modules.size} modules, ${size(total)} ${unit}`],
    [
      'a train',
      `${framesPerTrain.least === framesPerTrain.most ? '' : `${framesPerTrain.least} to `}${framesPerTrain.most} frames`,
    ],
    ['pulses', range(pulses)],
    ['cells', range(cells)],
    ['gain mode', gainModeText(run)],
    [
      'raw gain',
      rawGain &&
        `${rawGain.mean.toFixed(rawGain.mean < 10 ? 2 : 0)}, mean of a frame of module ${rawGain.module}`,
    ],
    ...Object.entries(summary.conditions)
      .filter(([name]) => name !== 'Gain mode')
      .map(([name, { value, source }]): [string, string] => [
        name,
        source === 'unknown'
          ? source
          : `${value === undefined ? '–' : conditionText(name, value)} (${source})`,
      ]),
  ]
  const known = facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
  const width = known.reduce((most, [name]) => Math.max(most, name.length), 0)
  const rows = summary.modules.flatMap(({ module, sequences }) =>
    sequences.map(({ sequence, first, last, trains, ...rest }) =>
      [module, sequence, trains, first ?? '', last ?? '', rest.frames, size(rest)].map(String),
    ),
  )
  return `${known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n\n${table(
    ['module', 'sequence', 'trains', 'first', 'last', 'frames', unit],
    rows,
  )}`
}
