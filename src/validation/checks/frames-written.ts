import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { readGroupIndex, readTrainIndex } from '../../exdf/index-rows.js'
import {
  framesNotWritten,
  imageNotWritten,
  notWrittenProblem,
  READS,
} from '../../sources/run/frames-written.js'
import type { FileCheck, FileContext, Finding, ModuleInFile } from './check.js'

export const framesWritten: FileCheck = {
  name: 'frames_written',
  describe: 'frames that INDEX counts but that were never written: they read as the fill value',
  scope: 'file',
  *run(context) {
    for (const module of context.modules) yield* faultsOfModule(context, module)
  },
}

function* faultsOfModule({ exdf }: FileContext, { source, module }: ModuleInFile): Iterable<Finding> {
  const dataset = instrumentPath(source, 'image/data')
  // Missing image data concern the shape check.
  if (!exdf.file.dataset(dataset)) return
  const notWritten = imageNotWritten(exdf.path, source)
  const index = notWritten && readGroupIndex(exdf, source, 'image')
  if (!notWritten || !index) return
  const trains = readTrainIndex(exdf).rows.map(({ row, trainId }) => {
    const [first = 0, count = 0] = [index.first[row], index.count[row]]
    // Rows beyond the data concern the index checks.
    const end = Math.min(first + count, notWritten.length)
    return { trainId, rows: Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i), stride: 0 }
  })
  const found = framesNotWritten(trains, 1, notWritten)
  if (!found) return
  const { message, place } = notWrittenProblem(found, READS, {})
  yield { message, dataset, module, ...(place.train === undefined ? {} : { train: place.train }) }
}
