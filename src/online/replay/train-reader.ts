import type { Detector } from '../../detectors/detector.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { ModuleFile, TrainEntry } from '../../sources/run/run.js'
import type { Losses } from './losses.js'
import { openStoredFile, type StoredFile } from './stored-file.js'
import type { FramePieces } from './stored-plane.js'

/** One module's frames of one train, in an open file. */
export interface TrainPart {
  readonly module: ModuleIndex
  readonly stored: StoredFile
  readonly entry: TrainEntry
}

/** What is read of a run. */
export interface ReaderInput {
  readonly detector: Detector
  readonly rawFrames: number
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
  /** The trains that will be asked for. */
  readonly trains: readonly TrainId[]
}

/** Finds the parts of trains; one file a module is open at a time. */
export interface TrainReader {
  /** Those of all modules that have frames in the train, ascending; what cannot be opened is among the losses. */
  parts(train: TrainId): Promise<TrainPart[]>
  close(): void
}

/** To be closed when nothing is being read any more. */
export function trainReader(
  { detector, rawFrames, modules, trains }: ReaderInput,
  losses: Losses,
): TrainReader {
  const wanted = new Set(trains)
  const places = new Map([...modules].map(([module, files]) => [module, placesOf(files, wanted)]))
  /** Undefined: the file could not be opened. */
  const open = new Map<ModuleIndex, { readonly file: ModuleFile; readonly stored: StoredFile | undefined }>()

  const storedOf = async (module: ModuleIndex, file: ModuleFile) => {
    const current = open.get(module)
    if (current?.file === file) {
      if (!current.stored) losses.loseUntold()
      return current.stored
    }
    current?.stored?.close()
    open.delete(module)
    let stored: StoredFile | undefined
    try {
      stored = await openStoredFile(file, wanted, detector, rawFrames)
      for (const problem of stored.problems) losses.tell(problem, { file: file.path, module })
    } catch (error) {
      // All its trains are lost: it is named once.
      losses.tell(error, { file: file.path, module })
      losses.loseUntold()
    }
    open.set(module, { file, stored })
    return stored
  }

  return {
    parts: async train => {
      const parts: TrainPart[] = []
      for (const [module, byTrain] of places) {
        const place = byTrain.get(train)
        if (!place) continue
        const stored = await storedOf(module, place.file)
        if (stored) parts.push({ module, stored, entry: place.entry })
      }
      return parts
    },
    close: () => {
      for (const { stored } of open.values()) stored?.close()
      open.clear()
    },
  }
}

/** Where the trains of a module are that have frames. */
function placesOf(
  files: readonly ModuleFile[],
  wanted: ReadonlySet<TrainId>,
): Map<TrainId, { readonly file: ModuleFile; readonly entry: TrainEntry }> {
  const places = new Map<TrainId, { readonly file: ModuleFile; readonly entry: TrainEntry }>()
  for (const file of files)
    for (const entry of file.trains)
      if (entry.image.count > 0 && wanted.has(entry.trainId)) places.set(entry.trainId, { file, entry })
  return places
}

/**
 * Reads all planes of a part.
 * @param targets by key, where each frame's bytes go; planes without one are not read.
 * @returns false if it cannot be read: then it is among the losses, and its targets hold anything.
 */
export async function readPart(
  { module, stored, entry }: TrainPart,
  targets: ReadonlyMap<string, FramePieces>,
  losses: Losses,
): Promise<boolean> {
  const { path } = stored.file
  const reads = [...targets].map(([key, pieces]) =>
    stored.planes.get(key)?.read(stored.framesOf(entry), pieces),
  )
  // All of them end before the file may be closed.
  const failed = (await Promise.allSettled(reads)).find(({ status }) => status === 'rejected')
  try {
    if (failed?.status === 'rejected') throw failed.reason
    stored.refuseChanged()
    return true
  } catch (error) {
    losses.lose(error, module, entry.trainId, path)
    return false
  }
}
