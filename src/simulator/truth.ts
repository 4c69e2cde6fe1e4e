import { pixelsOf } from '../detectors/detector.js'
import { NewFile } from '../hdf5/create/new-file.js'
import { type ModuleIndex, twoDigits } from '../model/ids.js'
import { type ChunkRange, reserveChunks } from './chunk-file.js'
import type { SimulationOptions } from './model/options.js'
import { pulseOf, sequencesOf } from './model/timeline.js'

/** A module's part of the truth file. Plain data, for the threads that write it. */
export interface TruthTarget {
  readonly file: string
  /** u16 photons of each pixel, a chunk a frame; frame = train of the run · cells + cell. */
  readonly photons: ChunkRange
  /** u8 gain stage each pixel measured in; 0 in parallel gain, where every pixel measures in all. */
  readonly stages: ChunkRange
  /** f32 dark level, ADU, three chunks a cell: high, medium, low. */
  readonly offsets: ChunkRange
  /** f32 ADU of one photon in high gain, a chunk a cell. */
  readonly photonGains: ChunkRange
}

/**
 * Creates the truth file under the name `file`: `trainId`, `pulseId`, `cellId` of all frames of the run, and for each
 * module `moduleNN/photons`, `stage` (frame, slow scan, fast scan), `offset` (cell, gain, slow scan, fast scan) and
 * `photonGain` (cell, slow scan, fast scan), whose chunks the workers write.
 * @throws OutputError
 */
export function createTruth(file: string, options: SimulationOptions): ReadonlyMap<ModuleIndex, TruthTarget> {
  const { detector, modules, cells, trains } = options
  const frames = trains * cells
  const pixels = pixelsOf(detector)
  const image = [detector.slowScan, detector.fastScan]
  const trainIds = sequencesOf(options).flatMap(sequence => sequence.trainIds)
  const datasets = modules.map(module => {
    const at = (name: string) => `module${twoDigits(module)}/${name}`
    return {
      module,
      photons: {
        path: at('photons'),
        dtype: 'u2',
        shape: [frames, ...image],
        chunks: frames,
        chunkBytes: 2 * pixels,
      },
      stages: {
        path: at('stage'),
        dtype: 'u1',
        shape: [frames, ...image],
        chunks: frames,
        chunkBytes: pixels,
      },
      offsets: {
        path: at('offset'),
        dtype: 'f4',
        shape: [cells, 3, ...image],
        chunks: 3 * cells,
        chunkBytes: 4 * pixels,
      },
      photonGains: {
        path: at('photonGain'),
        dtype: 'f4',
        shape: [cells, ...image],
        chunks: cells,
        chunkBytes: 4 * pixels,
      },
    } as const
  })
  const all = datasets.flatMap(({ photons, stages, offsets, photonGains }) => [
    photons,
    stages,
    offsets,
    photonGains,
  ])

  const hdf5 = new NewFile()
  const column = (value: (frame: number) => number) =>
    Array.from({ length: frames }, (_, frame) => value(frame))
  hdf5.column(
    'trainId',
    'u8',
    column(frame => trainIds[Math.floor(frame / cells)] ?? 0),
  )
  hdf5.column(
    'pulseId',
    'u8',
    column(frame => pulseOf(frame % cells)),
  )
  hdf5.column(
    'cellId',
    'u2',
    column(frame => frame % cells),
  )
  for (const { path, dtype, shape } of all) {
    const chunk = shape.map((extent, axis) => (axis < shape.length - 2 ? 1 : extent))
    hdf5.declare(path, dtype, { shape, chunk })
  }
  const { seed, energy, run, proposal } = options
  hdf5.attributes('/', {
    seed: BigInt(seed),
    run: BigInt(run),
    proposal: BigInt(proposal),
    energyKeV: energy,
  })
  hdf5.write(file)

  const ranges = new Map(reserveChunks(file, all).map(range => [range.path, range]))
  const rangeOf = ({ path }: { readonly path: string }): ChunkRange => {
    const range = ranges.get(path)
    if (range === undefined) throw new RangeError(`${path} was not placed`)
    return range
  }
  return new Map(
    datasets.map(({ module, photons, stages, offsets, photonGains }) => [
      module,
      {
        file,
        photons: rangeOf(photons),
        stages: rangeOf(stages),
        offsets: rangeOf(offsets),
        photonGains: rangeOf(photonGains),
      },
    ]),
  )
}
