import { encodeTrain } from '../bridge/encode.js'
import type { BridgeArray, BridgeSource, BridgeVersion } from '../bridge/message.js'
import type { Detector } from '../detectors/detector.js'
import type { ArrayForm } from './train-arrays.js'
import type { StreamedTrain } from './train-joiner.js'

/** What is told of a train beside its arrays. */
export interface CorrectedTrain {
  readonly train: Pick<StreamedTrain, 'train' | 'time' | 'cellIds' | 'pulseIds' | 'receivedAt'>
  /** Indices of its frames that were corrected. */
  readonly frames: readonly number[]
  /** Modules that were corrected. */
  readonly present: ReadonlySet<number>
  /** Steps, in order of execution, and by what. */
  readonly passport: readonly string[]
  readonly karaboId: string
  readonly detector: Detector
}

/** Arrays of a train as they are sent: its `TrainArrays`, or what was received. */
export interface SentArrays {
  readonly form: ArrayForm
  /** Axes of an array of all modules, or of one. */
  shape(stacked: boolean): number[]
  /** The bytes of an array of all modules, or of one. */
  bytes(name: 'data' | 'gain' | 'mask', module?: number): Uint8Array
  /** All corrected values, in any order. */
  readonly values: readonly Float32Array[]
}

/**
 * Sources of a corrected train: `<DET>/CAL/APPEND_CORRECTED` for stacked arrays, `<DET>/CORR/<module>CH0:output` for those of
 * modules. Keys: `image.data` f32, `image.mask` u32 and `image.gain` u8 where they are wanted, `image.cellId` u16,
 * `image.pulseId` and `image.trainId` u64, one a frame.
 */
export function sourcesOf(corrected: CorrectedTrain, arrays: SentArrays): BridgeSource[] {
  const { train, karaboId, present, passport, detector } = corrected
  const { modules, stacked } = arrays.form
  const common = { 'image.passport': passport }
  const ids = idsOf(corrected)
  if (!stacked)
    return modules
      .filter(module => present.has(module))
      .map(module => ({
        name: `${karaboId}/CORR/${module}CH0:output`,
        time: train.time,
        values: common,
        arrays: { ...pixelsOf(arrays, module), ...ids },
      }))
  return [
    {
      name: `${karaboId}/CAL/APPEND_CORRECTED`,
      time: train.time,
      values: {
        ...common,
        sources: modules.map(module => `${karaboId}/CORR/${module}CH0:output`),
        modulesPresent: modules.map(module => present.has(module)),
        'detector.name': detector.name,
      },
      arrays: { ...pixelsOf(arrays), ...ids },
    },
  ]
}

/** The frames of the message of a train. */
export function trainMessage(
  corrected: CorrectedTrain,
  targets: readonly SentArrays[],
  version: BridgeVersion,
): Uint8Array[] {
  return encodeTrain(
    targets.flatMap(arrays => sourcesOf(corrected, arrays)),
    version,
  )
}

function pixelsOf(arrays: SentArrays, module?: number): Record<string, BridgeArray> {
  const shape = arrays.shape(module === undefined)
  return {
    'image.data': { dtype: 'f4', shape, data: arrays.bytes('data', module) },
    ...(arrays.form.withMask && {
      'image.mask': { dtype: 'u4', shape, data: arrays.bytes('mask', module) },
      'image.gain': { dtype: 'u1', shape, data: arrays.bytes('gain', module) },
    }),
  }
}

function idsOf({ train, frames }: CorrectedTrain): Record<string, BridgeArray> {
  const shape = [frames.length]
  const cells = Uint16Array.from(frames, frame => train.cellIds[frame] ?? 0)
  const pulses = BigUint64Array.from(frames, frame => train.pulseIds[frame] ?? 0n)
  const trains = new BigUint64Array(frames.length).fill(BigInt(train.train))
  return {
    'image.cellId': { dtype: 'u2', shape, data: new Uint8Array(cells.buffer) },
    'image.pulseId': { dtype: 'u8', shape, data: new Uint8Array(pulses.buffer) },
    'image.trainId': { dtype: 'u8', shape, data: new Uint8Array(trains.buffer) },
  }
}
