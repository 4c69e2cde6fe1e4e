import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { readExdf } from '../../exdf/file.js'
import { requireDataset } from '../../hdf5/index.js'
import { isDetcalError } from '../../model/errors.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Run } from './run.js'

/** The mean of what the gain samples of one frame are: it rises from high to low gain, which tells dark runs apart. */
export interface RawGain {
  readonly module: ModuleIndex
  readonly mean: number
}

/** That of the first frame of the first module that has one; undefined: the detector has no gain samples, or none can be read. */
export async function firstRawGain({ kit, detector, modules }: Run): Promise<RawGain | undefined> {
  const gain = kit.dark?.gain
  if (gain === undefined) return undefined
  for (const [module, files] of modules)
    for (const { path, source, trains, facts } of files) {
      const row = trains.find(({ image }) => image.count > 0)?.image.first
      if (row === undefined) continue
      const shape = [1, ...(detector.rawPlanes > 1 ? [1] : []), detector.slowScan, detector.fastScan]
      const from = [row, ...(detector.rawPlanes > 1 ? [gain.plane] : []), 0, 0]
      try {
        const raw = await readExdf(
          path,
          ({ file }) => {
            const dataset = requireDataset(file, `${instrumentPath(source)}/image/data`)
            // Detectors of one plane are stored with an axis of length 1 for it.
            const axes = dataset.shape.length
            return dataset.read(withPlane(from, axes, 0), withPlane(shape, axes, 1)) as Uint16Array
          },
          facts,
        )
        const sum = raw.reduce((sum, word) => sum + ((word >> gain.shift) & gain.bits || gain.zeroAs), 0)
        return { module, mean: sum / raw.length }
      } catch (error) {
        // What cannot be read is among the run's problems.
        if (!isDetcalError(error)) throw error
      }
    }
  return undefined
}

/** Four numbers where the dataset has four axes. */
function withPlane(numbers: readonly number[], axes: number, plane: number): number[] {
  const [frame = 0, ...rest] = numbers
  return rest.length < axes - 1 ? [frame, plane, ...rest] : [...numbers]
}
