import type { OpenFrame } from '../corrections/open/interpret.js'
import { CANONICAL_NAN } from '../corrections/reference.js'
import type { Detector } from '../detectors/detector.js'
import { instrumentPath } from '../exdf/euxfel-layout.js'
import { readExdf } from '../exdf/file.js'
import { type Hdf5File, requireDataset } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'
import type { FramePair } from './pairs.js'

/** What a CORR file has of a frame; undefined: its dataset is missing or of another type. */
export interface StoredResult {
  readonly gain: Uint8Array | undefined
  readonly data: Float32Array | undefined
  readonly mask: Uint32Array | undefined
}

/** A frame with what was made of it. */
export interface SampledFrame {
  readonly pair: FramePair
  readonly raw: OpenFrame
  readonly stored: StoredResult
}

const TYPES = { gain: 'u1', data: 'f4', mask: 'u4' } as const

/**
 * Reads a frame of both runs. NaN of any bits is taken for the one NaN that results have.
 * @throws DataError naming file and dataset if one of them cannot be read.
 */
export async function readFramePair(pair: FramePair, detector: Detector): Promise<SampledFrame> {
  const { slowScan, fastScan, rawPlanes } = detector
  const frame = [slowScan, fastScan]
  const pixels = slowScan * fastScan
  const { raw, corrected } = pair
  const planes = await readExdf(
    raw.file.path,
    ({ file }) => {
      const dataset = imageOf(file, raw.file.source, 'data')
      return raw.rows.map(row => dataset.read([row, 0, 0, 0], [1, rawPlanes, ...frame]) as Uint16Array)
    },
    raw.file.facts,
  )
  const stored = await readExdf(
    corrected.file.path,
    ({ file }) => {
      const read = <Kind extends keyof typeof TYPES>(name: Kind) => {
        const dataset = file.dataset(instrumentPath(corrected.file.source, `image/${name}`))
        const fits = dataset?.type.name === TYPES[name] && String(dataset.shape.slice(1)) === String(frame)
        return fits ? dataset.read([corrected.row, 0, 0], [1, ...frame]) : undefined
      }
      return {
        gain: read('gain') as Uint8Array | undefined,
        data: read('data') as Float32Array | undefined,
        mask: read('mask') as Uint32Array | undefined,
      }
    },
    corrected.file.facts,
  )
  return {
    pair,
    raw: {
      signals: planes.map(words => words.subarray(0, pixels)),
      ...(rawPlanes > 1 && planes[0] && { rawGain: planes[0].subarray(pixels, 2 * pixels) }),
    },
    stored: { ...stored, data: stored.data && withOneNan(stored.data) },
  }
}

function imageOf(file: Hdf5File, source: string, name: string) {
  const path = instrumentPath(source, `image/${name}`)
  const dataset = requireDataset(file, path)
  if (dataset.type.name !== 'u2')
    throw new DataError(`is ${dataset.type.name}, not u2`, { place: { dataset: path } })
  return dataset
}

function withOneNan(values: Float32Array): Float32Array {
  const data = Float32Array.from(values)
  const bits = new Uint32Array(data.buffer)
  for (let p = 0; p < data.length; p++) if (Number.isNaN(data[p])) bits[p] = CANONICAL_NAN
  return data
}
