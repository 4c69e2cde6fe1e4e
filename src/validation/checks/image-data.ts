import { instrumentPath } from '../../exdf/euxfel-layout.js'
import type { ExdfFile } from '../../exdf/file.js'
import type { FileCheck, Finding, ModuleInFile } from './check.js'

/** What a plane must be; `dtypes` in order of preference: detcal writes the first. */
interface Expected {
  readonly name: string
  readonly dtypes: readonly string[]
  readonly row: readonly number[]
}

export const imageData: FileCheck = {
  name: 'image_data',
  describe: 'image data, gain and mask: missing, of wrong dtype or shape, not chunked frame by frame',
  scope: 'file',
  *run({ exdf, modules }) {
    for (const module of modules) yield* faultsOfModule(exdf, module)
  },
}

function* faultsOfModule(
  { file }: ExdfFile,
  { detector, source, module, corrected }: ModuleInFile,
): Iterable<Finding> {
  const { slowScan, fastScan, rawPlanes } = detector
  const frame = [slowScan, fastScan]
  const expected: Expected[] = corrected
    ? [
        { name: 'data', dtypes: ['f4', 'f2', 'u2', 'i2', 'u4', 'i4', 'u1'], row: frame },
        { name: 'gain', dtypes: ['u1'], row: frame },
        { name: 'mask', dtypes: ['u4'], row: frame },
      ]
    : [{ name: 'data', dtypes: ['u2'], row: [rawPlanes, ...frame] }]
  // A file may have lists instead of frames: none of the three then.
  const sparse = file.dataset(instrumentPath(source, 'sparse/pixels')) !== undefined
  const there = expected.some(({ name }) => file.dataset(instrumentPath(source, `image/${name}`)))
  if (corrected && sparse && !there) return
  let frames: number | undefined
  for (const { name, dtypes, row } of expected) {
    const path = instrumentPath(source, `image/${name}`)
    const dataset = file.dataset(path)
    const shape = dataset?.shape ?? []
    if (!dataset) {
      yield { message: 'this dataset is missing', dataset: path, module }
      continue
    }
    const found = `${dataset.type.name} (${shape.join(', ')})`
    if (!dtypes.includes(dataset.type.name) || `${shape.slice(1)}` !== `${row}`)
      yield {
        message: `is ${found}, expected ${dtypes[0]} (frames, ${row.join(', ')})`,
        dataset: path,
        module,
      }
    frames ??= shape[0]
    if (shape[0] !== frames)
      yield { message: `has ${shape[0]} frames, image/data has ${frames}`, dataset: path, module }
    const { chunks } = dataset
    if (chunks && `${chunks}` !== `${[1, ...row]}`)
      yield {
        message: `has chunks of (${chunks.join(', ')}), not of one frame: readers must take them apart`,
        severity: 'warning',
        dataset: path,
        module,
      }
  }
}
