import { controlPath } from '../../exdf/euxfel-layout.js'
import { type ExdfFile, readExdf } from '../../exdf/file.js'
import { readGroupIndex, readTrainIndex, rowsAt } from '../../exdf/index-rows.js'
import { readAnyNumbers, requireDataset } from '../../hdf5/index.js'
import type { TrainId } from '../../model/ids.js'
import type { ControlFiles } from '../conditions/reader.js'

/** A property of a control device, train by train. */
export interface TrainValues {
  /** A file that has it. */
  readonly file: string
  readonly values: ReadonlyMap<TrainId, number>
}

/**
 * Reads a number that a control device has for each train, from all files of a run that have it.
 * @throws DataError if a file has the device but not the property, or cannot be read.
 */
export async function readTrainValues(
  files: ControlFiles['files'],
  device: string,
  property: string,
): Promise<TrainValues> {
  const having = files.filter(({ controlSources }) => controlSources.includes(device))
  const values = new Map<TrainId, number>()
  for (const { path, facts } of having)
    for (const [trainId, value] of await readExdf(path, exdf => valuesIn(exdf, device, property), facts))
      if (!values.has(trainId)) values.set(trainId, value)
  return { file: having[0]?.path ?? '', values }
}

function valuesIn(exdf: ExdfFile, device: string, property: string): [TrainId, number][] {
  const dataset = requireDataset(exdf.file, controlPath(device, property))
  const index = readGroupIndex(exdf, device, undefined)
  if (index === undefined) return []
  const found = readTrainIndex(exdf).rows.flatMap(({ row, trainId }) => {
    const rows = row < index.length ? rowsAt(index, row) : undefined
    return rows?.count === 1 ? [{ trainId, row: rows.first }] : []
  })
  const stored = readAnyNumbers(dataset, dataset.shape[0] ?? 0)
  return found.map(({ trainId, row }) => [trainId, stored[row] ?? Number.NaN])
}
