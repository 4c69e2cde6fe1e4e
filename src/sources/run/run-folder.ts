import { join } from 'node:path'
import type { Detector } from '../../detectors/detector.js'
import { FILE_NAME } from '../../exdf/euxfel-layout.js'
import { type ExdfFacts, type ExdfMetadata, readExdf } from '../../exdf/file.js'
import { KITS } from '../../kits/index.js'
import type { DetectorKit } from '../../kits/kit.js'
import { DataError, isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import { moduleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { dataFilesIn, isForeign, requireReadableFile } from './data-files.js'

/** What METADATA of one file says: sources decide what a file is, its name only helps where it cannot be read. */
export interface ScannedFile {
  readonly path: string
  readonly name: string
  readonly formatVersion: string
  readonly metadata: ExdfMetadata
  readonly instrumentSources: readonly string[]
  readonly controlSources: readonly string[]
  /** EXtra-data's virtual file over the others, under whatever name. */
  readonly isOverview: boolean
  /** For whoever opens the file again. */
  readonly facts: ExdfFacts
}

export interface RunFolder {
  readonly path: string
  /** Readable files in the order of their names. */
  readonly files: readonly ScannedFile[]
  /** Files that cannot be opened as EuXFEL files, with the reason; `foreign` ones are surely not the run's. */
  readonly unreadable: readonly {
    readonly name: string
    readonly problem: Problem
    readonly foreign: boolean
  }[]
}

/**
 * Reads METADATA of every `*.h5` of a run folder, virtual files over the others (`overview.h5`) aside.
 * @throws DataError if this is not a run folder: absent, a file, without data files, none of them readable.
 */
export async function scanRunFolder(path: string, signal?: AbortSignal): Promise<RunFolder> {
  const names = await dataFilesIn(path)
  const files: ScannedFile[] = []
  const unreadable: { name: string; problem: Problem; foreign: boolean }[] = []
  for (const name of names) {
    signal?.throwIfAborted()
    const file = join(path, name)
    try {
      await requireReadableFile(file)
      files.push(
        await readExdf(file, ({ file: open, ...facts }) => ({
          path: file,
          name,
          formatVersion: facts.unknownVersion ?? facts.formatVersion,
          metadata: facts.metadata,
          instrumentSources: [...facts.instrumentSources.keys()],
          controlSources: facts.controlSources,
          isOverview: open.dataset('.source_files/names') !== undefined,
          facts,
        })),
      )
    } catch (error) {
      const problem = fileProblem(error, file)
      unreadable.push({ name, problem, foreign: isDetcalError(error) && isForeign(name, error) })
    }
  }
  const first = unreadable.find(({ foreign }) => !foreign) ?? unreadable[0]
  if (files.length === 0 && first) {
    const { message, place } = first.problem
    const others =
      names.length > 1 ? `none of the ${names.length} data files can be read, this one because ` : ''
    throw new DataError(`${others}${message}`, { place })
  }
  const own = files.filter(({ isOverview }) => !isOverview)
  return { path, files: own.length > 0 ? own : files, unreadable }
}

/** The problem a file's error becomes. @throws what is not a data error: programming errors, interrupts. */
export function fileProblem(error: unknown, file: string, module?: ModuleIndex): Problem {
  if (!isDetcalError(error)) throw error
  const { message, hint, place } = error
  return {
    check: 'files_readable',
    severity: 'error',
    message: hint === undefined ? message : `${message}. ${hint}`,
    place: { ...place, file, ...(module !== undefined && { module }) },
  }
}

/** A module source found in a file. */
export interface ModuleSource {
  readonly kit: DetectorKit
  readonly detector: Detector
  readonly karaboId: string
  readonly module: ModuleIndex
  readonly source: string
  readonly corrected: boolean
}

/** What a source name says, if it is a module of one of the detectors. */
export function moduleSource(source: string, kits: readonly DetectorKit[] = KITS): ModuleSource | undefined {
  for (const kit of kits) {
    const { detector } = kit
    for (const corrected of [false, true]) {
      const groups = (corrected ? detector.correctedSource : detector.rawSource).exec(source)?.groups
      const number = Number(groups?.['module'])
      if (groups?.['karaboId'] === undefined || !(number < detector.moduleCount)) continue
      return { kit, detector, karaboId: groups['karaboId'], module: moduleIndex(number), source, corrected }
    }
  }
  return undefined
}

/** Module, sequence and run that a file's name tells, for files whose content cannot. */
export function partsOfName(
  name: string,
  detector: Detector,
): { module: ModuleIndex | undefined; sequence: number | undefined; run: number | undefined } {
  const groups = FILE_NAME.exec(name)?.groups
  const aggregator = groups?.['aggregator'] ?? ''
  const number = aggregator.startsWith(detector.aggregator)
    ? aggregator.slice(detector.aggregator.length)
    : ''
  const known = /^\d{2}$/.test(number) && Number(number) < detector.moduleCount
  return {
    module: known ? moduleIndex(Number(number)) : undefined,
    sequence: groups?.['sequence'] === undefined ? undefined : Number(groups['sequence']),
    run: groups?.['run'] === undefined ? undefined : Number(groups['run']),
  }
}
