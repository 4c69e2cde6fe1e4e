import type { Detector } from '../../detectors/detector.js'
import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../../exdf/file.js'
import { readTrainIndex } from '../../exdf/index-rows.js'
import { readExact, requireDataset, rowsOf } from '../../hdf5/index.js'
import { DataError } from '../../model/errors.js'
import { type ModuleIndex, NO_CELL, type TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { DetectorOfRun } from './choose-detector.js'
import { readTrains } from './indexed-trains.js'
import { groupIndices } from './module-file.js'
import type { ModuleFile, StoredRun } from './run.js'
import { fileProblem, partsOfName, type RunFolder } from './run-folder.js'
import { shortList } from './short-list.js'

/**
 * Reads which trains and frames the modules of a CORR run have: by their corrected names where there are any, else, as
 * files from before 2024 have it, by the raw ones.
 * @throws DataError if none of the files can be used.
 */
export async function openCorrectedRun(
  folder: RunFolder,
  { kit, karaboId, modules: sources }: DetectorOfRun,
  signal?: AbortSignal,
): Promise<StoredRun> {
  const { detector } = kit
  const renamed = sources.some(({ corrected }) => corrected)
  const bySource = new Map(
    sources.filter(({ corrected }) => corrected === renamed).map(found => [found.source, found.module]),
  )
  const problems: Problem[] = folder.unreadable.map(({ problem, foreign }) => ({
    ...problem,
    severity: foreign ? 'warning' : 'error',
  }))
  const modules = new Map<ModuleIndex, ModuleFile[]>()
  let firstError: unknown
  for (const { path, name, metadata, facts } of folder.files)
    for (const source of facts.instrumentSources.keys()) {
      const module = bySource.get(source)
      if (module === undefined) continue
      signal?.throwIfAborted()
      const files = modules.get(module) ?? []
      const sequence = metadata.sequence ?? partsOfName(name, detector).sequence ?? files.length
      try {
        const read = await readExdf(path, exdf => readCorrectedFile(exdf, source, detector), facts)
        problems.push(...read.problems.map(each => ({ ...each, place: { ...each.place, module } })))
        files.push({ ...read.file, sequence, facts })
        modules.set(module, files)
      } catch (error) {
        firstError ??= error
        problems.push(fileProblem(error, path, module))
      }
    }
  if (modules.size === 0) throw firstError
  const sorted = new Map([...modules].sort(([a], [b]) => a - b))
  for (const [module, files] of sorted) problems.push(...dropRepeats(module, files))
  for (let module = 0; module < detector.moduleCount; module++) {
    if (sorted.has(module as ModuleIndex) || problems.some(({ place }) => place.module === module)) continue
    const message = 'no data in the run'
    problems.push({ check: 'modules_present', severity: 'warning', message, place: { module } })
  }
  const entries = [...sorted.values()].flat().flatMap(({ trains }) => trains)
  const trainIds = [...new Set(entries.map(({ trainId }) => trainId))].sort((a, b) => a - b)
  return {
    path: folder.path,
    ...{ detector, kit, karaboId, corrected: true, rawFrames: 1, modules: sorted, trainIds, problems },
  }
}

/** @throws DataError naming the dataset: missing, or of another shape than the detector's. */
function readCorrectedFile(
  exdf: ExdfFile,
  source: string,
  { name, slowScan, fastScan }: Detector,
): { readonly file: Omit<ModuleFile, 'sequence'>; readonly problems: readonly Problem[] } {
  const { file, path, size, mtimeMs, formatVersion } = exdf
  const root = instrumentPath(source, 'image')
  const data = requireDataset(file, `${root}/data`)
  const { shape, type } = data
  if (shape.length !== 3 || shape[1] !== slowScan || shape[2] !== fastScan || type.dtype === undefined)
    throw new DataError(
      `is ${type.name} (${shape.join(', ')}), expected (frames, ${slowScan}, ${fastScan})`,
      {
        place: { dataset: `${root}/data` },
        hint: `Check that this is corrected ${name} data`,
      },
    )
  const index = readTrainIndex(exdf)
  const groups = groupIndices(exdf, source)
  if (!groups.has('image'))
    throw new DataError('has no index of its images', { place: { dataset: `${root}/data` } })
  const { trains, repeats, leftOut, findings } = readTrains(exdf, source, index, groups)
  const extent = trains.reduce((most, { image }) => Math.max(most, image.first + image.count), 0)
  const cells = readExact(requireDataset(file, `${root}/cellId`), extent).numbers
  const problems = [
    ...findings.map(({ dataset, train, ...finding }) => ({
      ...finding,
      place: { file: path, ...(dataset && { dataset }), ...(train && { train }) },
    })),
    ...[...leftOut].map(([train, message]) => indexProblem(path, train, `left out: ${message}`)),
    ...repeatsProblem(
      path,
      repeats.map(({ trainId }) => trainId),
    ),
  ]
  return {
    file: {
      ...{ path, size, mtimeMs, source, formatVersion: exdf.unknownVersion ?? formatVersion },
      trains: [...trains].sort((a, b) => a.trainId - b.trainId),
      frames: rowsOf(data),
      pulseIds: readExact(requireDataset(file, `${root}/pulseId`), extent).numbers,
      cellIds: Uint16Array.from(cells, cell => (cell >= 0 && cell < NO_CELL ? cell : NO_CELL)),
      copied: [],
    },
    problems,
  }
}

function indexProblem(file: string, train: number, message: string): Problem {
  return { check: 'index_instrument', severity: 'error', message, place: { file, train } }
}

function repeatsProblem(file: string, trains: readonly TrainId[], module?: ModuleIndex): Problem[] {
  if (trains.length === 0) return []
  const message = `met before in this module: the first data are used, not those of trains ${shortList(trains, 5)}`
  const place = { file, ...(module !== undefined && { module }) }
  return [{ check: 'train_ids_unique', severity: 'error', message, place }]
}

/** Leaves each train in the first file that has it. */
function dropRepeats(module: ModuleIndex, files: ModuleFile[]): Problem[] {
  const seen = new Set<TrainId>()
  files.sort((a, b) => a.sequence - b.sequence)
  return files.flatMap((file, i) => {
    const again = file.trains.filter(({ trainId }) => seen.has(trainId)).map(({ trainId }) => trainId)
    files[i] = { ...file, trains: file.trains.filter(({ trainId }) => !seen.has(trainId)) }
    for (const { trainId } of file.trains) seen.add(trainId)
    return repeatsProblem(file.path, again, module)
  })
}
