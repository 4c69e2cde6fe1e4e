import type { ModuleOutcome } from '../../engine/run/outcome.js'
import { grouped } from '../../model/grouped.js'
import { median } from '../../model/median.js'
import { rangesText } from '../../model/ranges.js'
import { unitAttributes } from '../../sinks/image/data-unit.js'
import { isFarMoreBad, Looks, looksText, type ModuleLook, percentText } from '../looks.js'
import type { CorrectedRun } from './corrected-run.js'
import type { ModuleSample, RunSample } from './sample.js'

/** A module of a corrected run in figures; shares are of the frames that were read back, absent if none was. */
export interface ModuleQuality {
  readonly module: number
  readonly status: string
  /** Files and module frames that were corrected, and that could not be. */
  readonly files: number
  readonly failedFiles: number
  readonly frames: number
  readonly failedFrames: number
  readonly trains: number
  /** Frames that the RAW files count and do not hold. */
  readonly notWritten: number
  readonly cellsWithoutConstants: readonly number[]
  /** Mean of the values that are not bad; null: there is none. */
  readonly signal?: number | null
  /** Of the values that are not bad, by gain stage: high, medium, low. */
  readonly stageShares?: readonly number[]
  readonly badShare?: number
  /** Of all (pixel, frame), by the name of the bit. */
  readonly bitShares?: Readonly<Record<string, number>>
  /** When each constant begins, by calibration. */
  readonly constants: Readonly<Record<string, string>>
  /** Thread time by phase, s. */
  readonly seconds: Readonly<Record<string, number>>
}

/** How good a corrected run is, as data. */
export interface RunQuality {
  readonly karaboId: string
  readonly run?: number
  readonly proposal?: number
  readonly input: string
  readonly software: string
  readonly created: string
  /** The first sentences of the report. */
  readonly verdict: string
  /** Whether anything could not be corrected. */
  readonly alarm: boolean
  /** Frames of the detector that were read back. */
  readonly sampledFrames: number
  /** Of the corrected data, as the files say. */
  readonly unit: string
  readonly looks: readonly ModuleLook[]
  readonly modules: readonly ModuleQuality[]
}

/** Judges a corrected run by what its correction knows and what was read back of it. */
export function runQuality(corrected: CorrectedRun, sample: RunSample): RunQuality {
  const { content, run } = corrected
  const { karaboId, input, provenance } = content
  const modules = content.modules.map(each => moduleQuality(each.module, corrected, sample))
  const looks = looksOf(corrected, modules, sample)
  const steps = new Set(content.modules.flatMap(({ outcome }) => (outcome['steps'] as string[]) ?? []))
  return {
    karaboId,
    ...(run.run !== undefined && { run: run.run }),
    ...(run.proposal !== undefined && { proposal: run.proposal }),
    ...{ input, software: provenance.software, created: provenance.created },
    verdict: verdict(corrected, modules, looks),
    alarm: modules.some(({ status }) => status !== 'corrected'),
    sampledFrames: sample.frames,
    unit: String(unitAttributes([...steps])['units']),
    ...{ looks, modules },
  }
}

function moduleQuality(module: number, corrected: CorrectedRun, sample: RunSample): ModuleQuality {
  const outcome = corrected.modules.find(each => each.module === module)
  const constants = corrected.content.modules.find(each => each.module === module)?.constants ?? new Map()
  const { sequences = [] } = outcome ?? {}
  const done = sequences.filter(({ status }) => status === 'corrected')
  const failed = sequences.filter(({ status }) => status === 'failed')
  const sum = (list: ModuleOutcome['sequences'], name: 'frames' | 'trains') =>
    list.reduce((total, each) => total + each[name], 0)
  const phases = corrected.modulePhases.find(each => each.module === module)?.phases
  return {
    ...{ module, status: outcome?.status ?? 'failed', files: done.length, failedFiles: failed.length },
    ...{ frames: sum(done, 'frames'), failedFrames: sum(failed, 'frames'), trains: sum(done, 'trains') },
    notWritten: done.reduce((total, { notWritten }) => total + (notWritten?.frames ?? 0), 0),
    cellsWithoutConstants: outcome?.cellsWithoutConstants ?? [],
    ...sharesOf(sample.modules.find(each => each.module === module)),
    constants: Object.fromEntries([...constants].map(([name, { beginAt }]) => [name, beginAt.toISOString()])),
    seconds: Object.fromEntries(Object.entries(phases ?? {}).map(([name, { ns }]) => [name, ns / 1e9])),
  }
}

function sharesOf(sample: ModuleSample | undefined): Partial<ModuleQuality> {
  if (sample === undefined) return {}
  const { signal, stages, bits, badValues, values } = sample
  const good = stages.reduce((sum, count) => sum + count, 0)
  return {
    signal: Number.isFinite(signal) ? signal : null,
    stageShares: stages.map(count => (good === 0 ? 0 : count / good)),
    badShare: badValues / values,
    bitShares: Object.fromEntries(Object.entries(bits).map(([name, count]) => [name, count / values])),
  }
}

function looksOf(
  { problems, content }: CorrectedRun,
  modules: readonly ModuleQuality[],
  sample: RunSample,
): ModuleLook[] {
  const looks = new Looks()
  const told = new Set<string>()
  for (const { message, place, severity } of [...problems, ...sample.problems]) {
    // What was told of many files of a module is told once.
    if (place.module === undefined || severity !== 'error' || told.has(`${place.module} ${message}`)) continue
    told.add(`${place.module} ${message}`)
    looks.add(place.module, message)
  }
  const usual = median(modules.flatMap(({ badShare }) => badShare ?? []))
  const most = median(modules.map(({ frames }) => frames))
  const times = usualTimes(modules)
  for (const each of modules) {
    const { module, status, frames, notWritten, badShare, signal } = each
    if (status === 'corrected' && frames < most) looks.add(module, `has ${frames} frames, most have ${most}`)
    if (notWritten > 0) looks.add(module, `${notWritten} frames are not in the RAW files`)
    if (signal === null) looks.add(module, 'not one value is good')
    else if (badShare !== undefined && isFarMoreBad(badShare, usual))
      looks.add(module, `${percentText(badShare)} bad, of all modules ${percentText(usual)}`)
    for (const [name, time] of Object.entries(each.constants))
      if (times.get(name) !== undefined && times.get(name) !== time)
        looks.add(
          module,
          `${name} is of ${shortTime(time)}, of most modules of ${shortTime(times.get(name))}`,
        )
  }
  const failed = new Set(modules.filter(({ files }) => files === 0).map(({ module }) => module))
  const done = new Set<number>(content.modules.flatMap(({ module }) => (failed.has(module) ? [] : [module])))
  return looks.list(done)
}

/** By calibration the time that more than half of the modules have. */
function usualTimes(modules: readonly ModuleQuality[]): Map<string, string> {
  const all = modules.flatMap(({ constants }) => Object.entries(constants))
  const usual = new Map<string, string>()
  for (const [name, entries] of grouped(all, ([name]) => name))
    for (const [time, same] of grouped(entries, ([, time]) => time))
      if (2 * same.length > entries.length) usual.set(name, time)
  return usual
}

function verdict(
  { content }: CorrectedRun,
  modules: readonly ModuleQuality[],
  looks: readonly ModuleLook[],
): string {
  const { moduleCount } = content.detector
  const lost = modules.filter(({ files }) => files === 0).map(({ module }) => module)
  const partial = modules
    .filter(({ files, status }) => files > 0 && status !== 'corrected')
    .map(({ module }) => module)
  const sum = (name: 'frames' | 'failedFrames') => modules.reduce((total, each) => total + each[name], 0)
  const whole = modules.length - lost.length - partial.length
  const of = modules.length < moduleCount ? ` (the detector has ${moduleCount})` : ''
  const all = modules.length === 1 ? 'The one module is' : `All ${modules.length} modules are`
  return [
    whole === modules.length
      ? `${all} corrected${of}.`
      : `${whole} of ${modules.length} modules are whole${of}.`,
    lost.length > 0 ? `Not corrected: ${rangesText(lost)}.` : '',
    partial.length > 0 ? `In part: ${rangesText(partial)}.` : '',
    looksText(looks),
    `${sum('frames').toLocaleString('en')} module frames of ${Math.max(0, ...modules.map(({ trains }) => trains)).toLocaleString('en')} trains${sum('failedFrames') > 0 ? `; ${sum('failedFrames').toLocaleString('en')} could not be corrected` : ''}.`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** `2026-01-02 03:04`, UTC. */
export function shortTime(time = ''): string {
  return time.slice(0, 16).replace('T', ' ')
}
