import type { Detector } from '../detectors/detector.js'
import { readExdf } from '../hdf5/exdf-file.js'
import { UsageError } from '../model/errors.js'
import type { ModuleIndex, TrainId } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import { chooseDetector } from './choose-detector.js'
import { type RunControl, readControl } from './conditions/index.js'
import { few } from './few.js'
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
import { markStrays, middleTrain } from './train-order.js'

export interface OpenRunOptions {
  /** `auto` (the only one in the run), a detector's id (`agipd1m`) or a Karabo name (`SPB_DET_AGIPD1M-1`). */
  readonly detector?: string
  /** Whether the run was taken in parallel gain; absent: control data tell, else it was not. */
  readonly parallelGain?: boolean
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
  const { detector, karaboId } = chooseDetector(folder, options.detector ?? 'auto')
  const control = await readControl(folder, detector, karaboId)
  const rawFrames = rawFramesOf(detector, control, options)
  const problems: Problem[] = []
  const damaged = unreadableFiles(folder, detector, problems)
  const modules = new Map<ModuleIndex, ModuleFile[]>()
  let firstError: unknown
  for (const { file, found } of moduleFiles(folder, karaboId)) {
    options.signal?.throwIfAborted()
    const sequence = file.metadata.sequence ?? partsOfName(file.name, detector).sequence
    try {
      const {
        file: read,
        dropped,
        unindexed,
        unequal,
        remarks,
        findings,
      } = await readExdf(
        file.path,
        exdf => readModuleFile(exdf, found.source, detector, rawFrames),
        file.facts,
      )
      const place = { file: file.path, module: found.module }
      for (const message of remarks)
        problems.push({ check: 'index_instrument', severity: 'warning', message, place })
      for (const { dataset, train, ...finding } of findings)
        problems.push({
          ...finding,
          place: {
            ...place,
            ...(dataset !== undefined && { dataset }),
            ...(train !== undefined && { train }),
          },
        })
      problems.push(...trainProblem('train_ids_unique', place, dropped, AGAIN))
      problems.push(...trainProblem('parallel_gain', place, unequal, UNEQUAL))
      problems.push(
        ...trainProblem('index_instrument', place, unindexed, 'without a row in INDEX: no frames are known'),
      )
      const files = modules.get(found.module) ?? []
      files.push({ ...read, sequence: sequence ?? files.length, facts: file.facts })
      modules.set(found.module, files)
    } catch (error) {
      firstError ??= error
      problems.push(fileProblem(error, file.path, found.module))
      damaged.push({ path: file.path, module: found.module, sequence })
    }
  }
  // Nothing of the detector is usable: the first reason is the one to tell.
  if (modules.size === 0) throw firstError

  const middle = middleTrain([...modules.values()].flat())
  for (const [module, files] of modules) {
    const kept = markStrays(withoutRepeats(files, module, problems), middle)
    for (const { file, trains } of kept.disorder)
      problems.push(...disorderProblem({ file: file.path, module }, trains))
    if (kept.files.length > 0) modules.set(module, kept.files)
    else modules.delete(module)
  }
  problems.push(...flagProblem([...modules.values()].flat()))
  for (let module = 0; module < detector.moduleCount; module++) {
    if (modules.has(module as ModuleIndex) || damaged.some(file => file.module === module)) continue
    const message = 'no data in the run'
    problems.push({ check: 'modules_present', severity: 'warning', message, place: { module } })
  }
  const sorted = new Map([...modules].sort(([a], [b]) => a - b))
  const conditions = control.conditionsOf({ detector, karaboId, modules: sorted, rawFrames })
  return {
    path,
    detector,
    karaboId,
    ...identity(folder, detector),
    modules: sorted,
    damaged,
    trainIds: unionOfTrains(sorted),
    conditions: conditions.values,
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

/** Module files in file order: by module, sequence and name. */
function moduleFiles(folder: RunFolder, karaboId: string): { file: ScannedFile; found: ModuleSource }[] {
  const list: { file: ScannedFile; found: ModuleSource; sequence: number }[] = []
  for (const file of folder.files) {
    for (const source of file.instrumentSources) {
      const found = moduleSource(source)
      if (found?.karaboId !== karaboId || found.corrected) continue
      const sequence = file.metadata.sequence ?? partsOfName(file.name, found.detector).sequence ?? 0
      list.push({ file, found, sequence })
    }
  }
  return list.sort((a, b) => a.found.module - b.found.module || a.sequence - b.sequence)
}

/** Files that could not be opened: an error if their name is a module's or tells nothing, else a warning. */
function unreadableFiles(folder: RunFolder, detector: Detector, problems: Problem[]): DamagedFile[] {
  const damaged: DamagedFile[] = []
  for (const { name, problem } of folder.unreadable) {
    const { module, sequence, run } = partsOfName(name, detector)
    const ours = module !== undefined || run === undefined
    const place = module === undefined ? problem.place : { ...problem.place, module }
    problems.push({ ...problem, severity: ours ? 'error' : 'warning', place })
    if (ours) damaged.push({ path: problem.place.file ?? name, module, sequence })
  }
  return damaged
}

const AGAIN = 'met before in this module: the first data are used'
const UNEQUAL = 'with frames that are not as many in each gain stage: not corrected'

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
  const named = `${trains.length === 1 ? 'train' : `${trains.length} trains`} ${few(trains, 5)}`
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

/** Sequence files with each train once, the first in file order; files left empty are named. */
function withoutRepeats(
  files: readonly ModuleFile[],
  module: ModuleIndex,
  problems: Problem[],
): ModuleFile[] {
  const seen = new Set<TrainId>()
  const kept: ModuleFile[] = []
  for (const file of files) {
    const place = { file: file.path, module }
    const trains = file.trains.filter(({ trainId }) => !seen.has(trainId))
    const again = file.trains.filter(({ trainId }) => seen.has(trainId))
    problems.push(
      ...trainProblem(
        'train_ids_unique',
        place,
        again.map(({ trainId }) => trainId),
        AGAIN,
      ),
    )
    for (const { trainId } of trains) seen.add(trainId)
    if (trains.length > 0) kept.push({ ...file, trains })
    else
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
