import { basename } from 'node:path'
import type { Detector } from '../../detectors/detector.js'
import { readExdf } from '../../exdf/file.js'
import { KITS } from '../../kits/index.js'
import type { DetectorKit } from '../../kits/kit.js'
import { UsageError } from '../../model/errors.js'
import { given } from '../../model/given.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ConditionSource, RunControl } from '../conditions/reader.js'
import { chooseDetector } from './choose-detector.js'
import { isCopyName, type NameRank, nameRank } from './copies.js'
import { doubtfulIds } from './doubtful-ids.js'
import { type FileLayout, lostDatasets } from './lost-datasets.js'
import { readModuleFile } from './module-file.js'
import type { DamagedFile, ModuleFile, Run } from './run.js'
import { identity, timeOf } from './run-facts.js'
import {
  fileProblem,
  type ModuleSource,
  moduleSource,
  partsOfName,
  type RunFolder,
  type ScannedFile,
  scanRunFolder,
} from './run-folder.js'
import { shortList } from './short-list.js'
import { markStrays, middleTrain } from './train-order.js'

export interface OpenRunOptions {
  /** `auto` (the only one in the run), a detector's id (`agipd1m`) or a Karabo name (`SPB_DET_AGIPD1M-1`). */
  readonly detector?: string
  /** Whether the run was taken in parallel gain; absent: control data tell, else it was not. */
  readonly parallelGain?: boolean
  /** The detectors that are looked for; absent: all that detcal knows. */
  readonly kits?: readonly DetectorKit[]
  readonly signal?: AbortSignal
}

/**
 * Opens a RAW run: which trains and frames each module has, by METADATA and INDEX of its files, never by
 * their names or positions. All files are read, image data aside, and closed again.
 *
 * What is wrong with single files is in `problems`, and what could not be used in `damaged`.
 * @throws DataError if this is no run folder, has no such detector, is corrected already, or no module file
 * of it can be used. @throws UsageError if several detectors match.
 */
export async function openRun(path: string, options: OpenRunOptions = {}): Promise<Run> {
  const folder = await scanRunFolder(path, options.signal)
  const { kit, karaboId } = chooseDetector(folder, options.detector ?? 'auto', options.kits ?? KITS)
  const { detector } = kit
  const control = await kit.readControl(folder, detector, karaboId)
  const rawFrames = rawFramesOf(detector, control, options)
  const parallelFrom = parallelGainFrom(control, options)
  const problems: Problem[] = []
  const damaged = unreadableFiles(folder, detector, problems)
  const modules = new Map<ModuleIndex, ModuleFile[]>()
  const layouts: FileLayout[] = []
  let firstError: unknown
  for (const { file, found } of moduleFiles(folder, kit, karaboId)) {
    options.signal?.throwIfAborted()
    const sequence = file.metadata.sequence ?? partsOfName(file.name, detector).sequence
    try {
      const {
        file: read,
        dropped,
        unindexed,
        unequal,
        contrary,
        remarks,
        findings,
        forms,
      } = await readExdf(
        file.path,
        exdf => readModuleFile(exdf, found.source, detector, rawFrames),
        file.facts,
      )
      const place = { file: file.path, module: found.module }
      for (const message of remarks)
        problems.push({ check: 'index_instrument', severity: 'warning', message, place })
      for (const { dataset, train, ...finding } of findings)
        problems.push({ ...finding, place: { ...place, ...given({ dataset, train }) } })
      problems.push(...trainProblem('train_ids_unique', place, dropped, AGAIN))
      problems.push(...trainProblem('parallel_gain', place, unequal, UNEQUAL))
      problems.push(
        ...trainProblem('index_instrument', place, unindexed, 'without a row in INDEX: no frames are known'),
      )
      layouts.push({ place, datasets: forms })
      const believed = doubtfulIds(read, contrary, { detector, rawFrames, parallelFrom, place })
      problems.push(...believed.problems)
      const files = modules.get(found.module) ?? []
      files.push({ ...believed.file, sequence: sequence ?? files.length, facts: file.facts })
      modules.set(found.module, files)
    } catch (error) {
      firstError ??= error
      problems.push(fileProblem(error, file.path, found.module))
      damaged.push({ path: file.path, module: found.module, sequence })
    }
  }
  // Nothing of the detector is usable: the first reason is the one to tell.
  if (modules.size === 0) throw firstError

  const rank = ranksIn(folder, detector)
  const middle = middleTrain([...modules.values()].flat())
  for (const [module, files] of modules) {
    const own = withoutRepeats(files, module, problems, file => rank(basename(file.path), module))
    const kept = markStrays(own, middle)
    for (const { file, trains } of kept.disorder)
      problems.push(...disorderProblem({ file: file.path, module }, trains))
    if (kept.files.length > 0) modules.set(module, kept.files)
    else modules.delete(module)
  }
  problems.push(...lostDatasets(layouts))
  problems.push(...flagProblem([...modules.values()].flat()))
  for (let module = 0; module < detector.moduleCount; module++) {
    if (modules.has(module as ModuleIndex) || damaged.some(file => file.module === module)) continue
    const message = 'no data in the run'
    problems.push({ check: 'modules_present', severity: 'warning', message, place: { module } })
  }
  const sorted = new Map([...modules].sort(([a], [b]) => a - b))
  const conditions = control.conditionsOf({ detector, karaboId, modules: sorted, rawFrames, parallelFrom })
  return {
    path,
    detector,
    kit,
    karaboId,
    ...identity(folder, detector),
    modules: sorted,
    damaged,
    files: folder.files,
    trainIds: unionOfTrains(sorted),
    conditions: conditions.values,
    conditionSources: conditions.sources,
    gainMode: conditions.gainMode,
    rawFrames,
    time: timeOf(sorted, folder),
    problems: [...problems, ...conditions.problems],
  }
}

/** Raw frames of a pulse. @throws UsageError if parallel gain is asked of a detector that has no such mode. */
function rawFramesOf(detector: Detector, control: RunControl, { parallelGain }: OpenRunOptions): number {
  const { name, parallelFrames } = detector
  if (parallelGain === true && parallelFrames === undefined)
    throw new UsageError(`${name} has no parallel gain`, { hint: 'Leave --parallel-gain out' })
  return (parallelGain ?? control.parallelGain) ? (parallelFrames ?? 1) : 1
}

/** What tells whether the run was taken in parallel gain; undefined: neither an option nor control data. */
function parallelGainFrom(
  control: RunControl,
  { parallelGain }: OpenRunOptions,
): ConditionSource | undefined {
  if (parallelGain !== undefined) return 'option'
  return control.parallelGain === undefined ? undefined : 'control data'
}

/** Module files in file order: by module, rank, sequence and name. */
function moduleFiles(
  folder: RunFolder,
  kit: DetectorKit,
  karaboId: string,
): { file: ScannedFile; found: ModuleSource }[] {
  const list: { file: ScannedFile; found: ModuleSource; sequence: number; rank: NameRank }[] = []
  for (const file of folder.files) {
    for (const source of file.instrumentSources) {
      const found = moduleSource(source, [kit])
      if (found?.karaboId !== karaboId || found.corrected) continue
      const sequence = file.metadata.sequence ?? partsOfName(file.name, found.detector).sequence ?? 0
      const rank = ranksIn(folder, found.detector)(file.name, found.module)
      list.push({ file, found, sequence, rank })
    }
  }
  return list.sort((a, b) => a.found.module - b.found.module || a.rank - b.rank || a.sequence - b.sequence)
}

/** How much names of files speak for them: the real file of a train wins over a copy. */
function ranksIn(folder: RunFolder, detector: Detector): (name: string, module: ModuleIndex) => NameRank {
  const names = folder.files.map(({ name }) => name)
  return (name, module) => nameRank(name, module, detector, names)
}

/** Files that could not be opened: an error if their name is a module's or tells nothing, else a warning. */
function unreadableFiles(folder: RunFolder, detector: Detector, problems: Problem[]): DamagedFile[] {
  const damaged: DamagedFile[] = []
  for (const { name, problem, foreign } of folder.unreadable) {
    const { module, sequence, run } = partsOfName(name, detector)
    const isCopy = isCopyName(
      name,
      folder.files.map(file => file.name),
    )
    const ours = !foreign && !isCopy && (module !== undefined || run === undefined)
    const place = module === undefined ? problem.place : { ...problem.place, module }
    problems.push({ ...problem, severity: ours ? 'error' : 'warning', place })
    if (ours) damaged.push({ path: problem.place.file ?? name, module, sequence })
  }
  return damaged
}

const AGAIN = 'met before in this module: the first data are used'
const UNEQUAL = 'with frames that are not as many in each gain stage: not corrected'

/** A file of which `count` trains, or all, are in files of the run that are the real ones. */
function copyProblem(place: Problem['place'], count: number, all: boolean): Problem {
  const trains = all ? 'all trains' : count === 1 ? '1 train' : `${count} trains`
  const are = !all && count === 1 ? 'is' : 'are'
  const message = `${trains} of this file ${are} in files that the run's own names tell: those are used, not this copy`
  return { check: 'copied_file', severity: 'warning', message, place }
}

/** One problem for all trains of a file that share it. */
function trainProblem(
  check: string,
  place: Problem['place'],
  trains: readonly TrainId[],
  what: string,
  severity: Problem['severity'] = 'error',
): Problem[] {
  const [train] = trains
  if (train === undefined) return []
  const named = `${trains.length === 1 ? 'train' : `${trains.length} trains`} ${shortList(trains, 5)}`
  return [{ check, severity, message: `${named} ${what}`, place: { ...place, train } }]
}

/** Trains whose ids are out of sequence: corrected as they are. */
function disorderProblem(place: Problem['place'], trains: readonly TrainId[]): Problem[] {
  const what = 'out of sequence: corrected, but nothing is decided by such an id'
  return trainProblem('train_ids_order', place, trains, what, 'warning')
}

/** Trains that their flag calls suspect, once for the run: a train is flagged in the files of many modules. */
function flagProblem(files: readonly ModuleFile[]): Problem[] {
  const flagged = files.flatMap(({ trains }) => trains.filter(({ flag }) => flag === 0))
  const trains = [...new Set(flagged.map(({ trainId }) => trainId))].sort((a, b) => a - b)
  return trainProblem(
    'train_flags',
    {},
    trains,
    'flagged as suspect: corrected, and the flag is kept',
    'warning',
  )
}

/**
 * Sequence files with each train once, the first in file order; files left empty are named. What is
 * met again in a file of a higher rank is a copy, which is a warning; between files of one rank nothing tells which is right.
 */
function withoutRepeats(
  files: readonly ModuleFile[],
  module: ModuleIndex,
  problems: Problem[],
  rankOf: (file: ModuleFile) => NameRank,
): ModuleFile[] {
  const seen = new Map<TrainId, NameRank>()
  const kept: ModuleFile[] = []
  for (const file of files) {
    const place = { file: file.path, module }
    const rank = rankOf(file)
    const trains = file.trains.filter(({ trainId }) => !seen.has(trainId))
    const again = file.trains.filter(({ trainId }) => seen.has(trainId)).map(({ trainId }) => trainId)
    const isCopy = again.every(trainId => (seen.get(trainId) ?? rank) < rank)
    for (const { trainId } of trains) seen.set(trainId, rank)
    if (trains.length > 0) kept.push({ ...file, trains })
    if (isCopy && again.length > 0) {
      problems.push(copyProblem(place, again.length, trains.length === 0))
      continue
    }
    problems.push(...trainProblem('train_ids_unique', place, again, AGAIN))
    if (trains.length === 0)
      problems.push({
        check: 'trains_present',
        severity: 'warning',
        message: 'this file has no trains of its own',
        place,
      })
  }
  return kept
}

function unionOfTrains(modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>): TrainId[] {
  const ids = new Set<TrainId>()
  for (const files of modules.values())
    for (const file of files) for (const { trainId } of file.trains) ids.add(trainId)
  return [...ids].sort((a, b) => a - b)
}
