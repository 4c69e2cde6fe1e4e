import type { TrainId } from '../../model/ids.js'
import type { ModuleFile } from './run.js'
import { rangeOf, type TrainRange } from './train-order.js'

/**
 * Says which sequence file of a module lists each train, those it has and those it lacks.
 *
 * A lacking train belongs to the file whose range covers it: from a file's first train up to the next file's
 * first; what comes before the first file belongs to that. Where a damaged sequence lies between, the trains
 * of the gap are the damaged file's, and no file of this module lists them. Ranges are those of trusted trains:
 * a suspect id decides nothing.
 *
 * @param trainIds ascending
 * @param files of one module, in ascending order of their first trusted train
 * @param damaged sequence numbers of the module's files that cannot be used
 * @param strays trains that no file lists but those that have them
 * @returns every file with its trains, ascending
 */
export function assignTrains(
  trainIds: readonly TrainId[],
  files: readonly ModuleFile[],
  damaged: readonly number[] = [],
  strays: ReadonlySet<TrainId> = new Set(),
): Map<ModuleFile, TrainId[]> {
  const owner = new Map<TrainId, ModuleFile>()
  for (const file of files) for (const { trainId } of file.trains) owner.set(trainId, file)
  const assigned = new Map<ModuleFile, TrainId[]>(files.map(file => [file, []]))
  const ranged = files.map((file): RangedFile => ({ file, ...rangeOf(file) }))
  let current = -1
  for (const id of trainIds) {
    while ((ranged[current + 1]?.first ?? Infinity) <= id) current++
    const file = owner.get(id) ?? (strays.has(id) ? undefined : covering(id, ranged, current, damaged))
    if (file) assigned.get(file)?.push(id)
  }
  return assigned
}

/** The file that stands in for a train that no file of the module has, `current` being the last to start before it. */
function covering(
  id: TrainId,
  files: readonly RangedFile[],
  current: number,
  damaged: readonly number[],
): ModuleFile | undefined {
  const before = files[current]
  const after = files[current + 1]
  if (before && id <= before.last) return before.file
  const from = before?.file.sequence ?? -1
  const to = after?.file.sequence ?? Infinity
  if (damaged.some(sequence => from < sequence && sequence < to)) return undefined
  return (before ?? after)?.file
}

interface RangedFile extends TrainRange {
  readonly file: ModuleFile
}
