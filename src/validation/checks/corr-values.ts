import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { readGroupIndex, readTrainIndex, rowsAt } from '../../exdf/index-rows.js'
import { type Hdf5Dataset, rowsOf } from '../../hdf5/index.js'
import { shortList } from '../../sources/run/short-list.js'
import type { FileCheck, FileContext, Finding, ModuleInFile } from './check.js'

export const corrValues: FileCheck = {
  name: 'corr_values',
  describe:
    'corrected files: frames without a single number, gain stages above 2 (first frame of each train)',
  scope: 'file',
  *run(context) {
    for (const module of context.modules) if (module.corrected) yield* faultsOfModule(context, module)
  },
}

function* faultsOfModule(
  { exdf }: FileContext,
  { source, module, detector }: ModuleInFile,
): Iterable<Finding> {
  const index = readGroupIndex(exdf, source, 'image')
  const frame = [detector.slowScan, detector.fastScan]
  const plane = (name: string) => {
    const dataset = exdf.file.dataset(instrumentPath(source, `image/${name}`))
    // Datasets that are not frames of this detector concern the shape check, and may not fit in memory.
    return dataset && `${dataset.shape.slice(1)}` === `${frame}` ? dataset : undefined
  }
  const data = plane('data')
  const gain = plane('gain')
  const empty: number[] = []
  const beyond: number[] = []
  for (const { row, trainId } of readTrainIndex(exdf).rows) {
    const { first, count } = (index && rowsAt(index, row)) ?? { first: 0, count: 0 }
    if (count === 0) continue
    if (data && frameOf(data, first)?.every(value => Number.isNaN(value))) empty.push(trainId)
    if (gain && frameOf(gain, first)?.some(value => value >= detector.stages)) beyond.push(trainId)
  }
  if (empty.length > 0)
    yield {
      message: `${empty.length} trains begin with a frame that is NaN in every pixel: ${shortList(empty)}`,
      severity: 'warning',
      dataset: instrumentPath(source, 'image/data'),
      module,
    }
  if (beyond.length > 0)
    yield {
      message: `gain stages above ${detector.stages - 1} in trains ${shortList(beyond)}`,
      dataset: instrumentPath(source, 'image/gain'),
      module,
    }
}

/** One frame; undefined beyond the data. */
function frameOf(dataset: Hdf5Dataset, row: number): Float32Array | undefined {
  if (row >= rowsOf(dataset)) return undefined
  return dataset.read([row, 0, 0], [1, ...dataset.shape.slice(1)]) as Float32Array
}
