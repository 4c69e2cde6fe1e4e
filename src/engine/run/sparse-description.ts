import { pixelsOf } from '../../detectors/detector.js'
import { sourceOfCorrected } from '../../sinks/corr/corrected-file.js'
import type { SparseDescription } from '../../sinks/corr/sparse-groups.js'
import type { ImageFile } from '../../sinks/image/image-file.js'
import { sparseLists } from '../contract/derived.js'
import { framesOf } from '../plan/frames.js'
import type { CorrectionPlan, ModulePlan, SequencePlan } from '../plan/plan.js'
import type { SparseTarget } from './sparse-output.js'

/** What is declared of sparse output in the CORR file of a sequence. */
export function sparseDescription(
  sequence: SequencePlan,
  module: ModulePlan,
  { detector }: CorrectionPlan,
  dense: boolean,
): SparseDescription {
  const rows = cellRows(sequence, module)
  const frames = residentCells(sequence, module)
  return {
    columns: sparseLists(pixelsOf(detector)),
    cellIds: module.cells.filter((_, cell) => (rows[cell] ?? -1) >= 0),
    cells: Uint16Array.from(frames, cell => rows[cell] ?? 0),
    gain: module.chain.params[0] ?? 0,
    dense,
  }
}

/** Where its lists go. */
export function sparseTarget(
  images: ImageFile,
  sequence: SequencePlan,
  module: ModulePlan,
  { detector, run }: CorrectionPlan,
): SparseTarget {
  const { joined } = sequence
  const source = sourceOfCorrected(run, joined)
  return { images, joined, source, pixels: pixelsOf(detector), cells: cellRows(sequence, module) }
}

/** By resident cell: its row among the cells that the file's frames have, ascending; −1: none has it. */
function cellRows(sequence: SequencePlan, module: ModulePlan): Int32Array {
  const used = new Set(residentCells(sequence, module))
  let rows = 0
  return Int32Array.from(module.cells, (_, cell) => (used.has(cell) ? rows++ : -1))
}

/** Resident cell of each frame of the file. */
function residentCells({ joined }: SequencePlan, { module, cells }: ModulePlan): number[] {
  const places = { module, moduleCount: 0, cells, combinedFirst: undefined }
  return [...framesOf(joined, places)].flatMap(train => train.map(({ cell }) => cell))
}
