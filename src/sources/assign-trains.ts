import type { TrainId } from '../model/ids.js'
import type { ModuleFile } from './run.js'

/**
 * Says which sequence file of a module lists each train, those it has and those it lacks.
 *
 * A lacking train belongs to the file whose range covers it: from a file's first train up to the next file's
 * first; what comes before the first file belongs to that. Where a damaged sequence lies between, the trains
 * of the gap are the damaged file's, and no file of this module lists them.
 *
 * @param trainIds ascending
 * @param files of one module, in ascending order of their first train
 * @param damaged sequence numbers of the module's files that cannot be used
 * @returns every file with its trains, ascending
 */
export function assignTrains(
  trainIds: readonly TrainId[],
  files: readonly ModuleFile[],
  damaged: readonly number[] = [],
): Map<ModuleFile, TrainId[]> {
  const owner = new Map<TrainId, ModuleFile>()
  for (const file of files) for (const { trainId } of file.trains) owner.set(trainId, file)
  const assigned = new Map<ModuleFile, TrainId[]>(files.map(file => [file, []]))
  let current = -1
  for (const id of trainIds) {
    while (current + 1 < files.length && firstOf(files[current + 1]) <= id) current++
    const file = owner.get(id) ?? covering(id, files, current, damaged)
    if (file) assigned.get(file)?.push(id)
  }
  return assigned
}

/** The file that stands in for a train that no file of the module has, `current` being the last to start before it. */
function covering(
  id: TrainId,
  files: readonly ModuleFile[],
  current: number,
  damaged: readonly number[],
): ModuleFile | undefined {
  const before = files[current]
  const after = files[current + 1]
  if (before && id <= lastOf(before)) return before
  const from = before?.sequence ?? -1
  const to = after?.sequence ?? Infinity
  if (damaged.some(sequence => from < sequence && sequence < to)) return undefined
  return before ?? after
}

function firstOf(file: ModuleFile | undefined): number {
  return file?.trains[0]?.trainId ?? Infinity
}

function lastOf(file: ModuleFile): number {
  return file.trains.at(-1)?.trainId ?? 0
}
