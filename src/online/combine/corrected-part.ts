import type { BridgeSource } from '../../bridge/message.js'
import type { Detector } from '../../detectors/detector.js'
import { FRAME_ORDERS, type FrameOrder } from '../../engine/contract/module-arrays.js'
import { KITS } from '../../kits/index.js'
import type { DetectorKit } from '../../kits/kit.js'
import { DataError } from '../../model/errors.js'
import { isTrainId, moduleIndex } from '../../model/ids.js'
import { type StreamedPart, sameItems, storedCells, storedIds } from '../streamed-part.js'

/** Corrected frames of one module in one train, as a host sent them. */
export interface CorrectedPart extends StreamedPart {
  readonly order: FrameOrder
  /** f32; and where the host sends them u32 and u8. Views on what was received. */
  readonly arrays: { readonly data: Uint8Array; readonly mask?: Uint8Array; readonly gain?: Uint8Array }
  /** By what, and by which steps. */
  readonly passport: readonly string[]
}

/** What is expected of a stream of corrected modules. */
export interface CorrectedStream {
  readonly detector: Detector
  readonly karaboId: string
  /** Of arrays whose shape does not tell it. */
  readonly order?: FrameOrder
}

/** The detector that a message has corrected modules of. */
export function correctedStreamOf(
  sources: readonly BridgeSource[],
): { readonly kit: DetectorKit; readonly karaboId: string } | undefined {
  for (const { name } of sources)
    for (const kit of KITS) {
      const karaboId = kit.detector.correctedSource.exec(name)?.groups?.['karaboId']
      if (karaboId !== undefined) return { kit, karaboId }
    }
  return undefined
}

/**
 * The corrected module in one source of a message: `<DET>/CORR/<module>CH0:output`. None if it is another source, as
 * `<DET>/CAL/APPEND_CORRECTED` is, which holds the same once more.
 * @throws DataError naming source and key if its arrays are not those of such a module.
 */
export function correctedPartsOf(source: BridgeSource, stream: CorrectedStream): CorrectedPart[] {
  const { detector } = stream
  const found = detector.correctedSource.exec(source.name)?.groups
  if (found === undefined || found['karaboId'] !== stream.karaboId) return []
  const train = Number(source.time.train)
  const module = Number(found['module'])
  const refuse = (message: string, hint?: string) =>
    new DataError(`${source.name}, ${message}`, { place: { train }, ...(hint !== undefined && { hint }) })
  if (!isTrainId(train)) throw refuse(`train ${source.time.train} is not a train id`)
  if (!(module < detector.moduleCount)) throw refuse(`${detector.name} has no module ${module}`)
  const stored = storedIds(source, 'image.cellId')
  const pulses = storedIds(source, 'image.pulseId')
  if (stored === undefined || pulses === undefined)
    throw refuse(`image.${stored ? 'pulseId' : 'cellId'} is missing`, 'Let the sender send it')
  const { data, mask, gain } = arraysOf(source, refuse)
  const frames = stored.length
  const shapes = FRAME_ORDERS.filter(order => sameItems(data.shape, shapeIn(order, frames, detector)))
  const order = shapes.length > 1 ? stream.order : shapes[0]
  if (shapes.length === 0 || pulses.length !== frames)
    throw refuse(
      `image.data has shape (${data.shape.join(', ')}), with ${frames} cell ids and ${pulses.length} pulse ids: not frames of ${detector.name}`,
    )
  if (order === undefined)
    throw refuse(
      `image.data has shape (${data.shape.join(', ')}), which may be in either axis order`,
      'Give --source-axis-order, as --axis-order is for the hosts',
    )
  for (const other of [mask, gain])
    if (other && !sameItems(other.shape, data.shape))
      throw refuse(`image.mask or image.gain has shape (${other.shape.join(', ')}), image.data another`)
  const passport = source.values['image.passport']
  return [
    {
      ...{ train, module: moduleIndex(module), time: source.time, order },
      cellIds: storedCells(stored.take(frames)),
      pulseIds: BigUint64Array.from(pulses.take(frames)),
      arrays: { data: data.data, ...(mask && gain && { mask: mask.data, gain: gain.data }) },
      passport: Array.isArray(passport) ? passport.map(String) : [],
    },
  ]
}

/** Whether two parts may stand in one train: corrected by the same steps, with the same kinds of arrays. */
export function areAlike(a: CorrectedPart, b: CorrectedPart): boolean {
  return (a.arrays.mask === undefined) === (b.arrays.mask === undefined) && sameItems(a.passport, b.passport)
}

function arraysOf({ arrays }: BridgeSource, refuse: (message: string, hint?: string) => DataError) {
  const typed = (key: string, dtype: string) => {
    const array = arrays[key]
    if (array === undefined || array.dtype === dtype) return array
    throw refuse(`${key} is of ${array.dtype}, corrected data are ${dtype}`)
  }
  const [data, mask, gain] = [typed('image.data', 'f4'), typed('image.mask', 'u4'), typed('image.gain', 'u1')]
  if (data === undefined) throw refuse('image.data is missing', 'Let the sender send the key image.data')
  if ((mask === undefined) !== (gain === undefined))
    throw refuse('only one of image.mask and image.gain is there', 'Let the sender send both or none')
  return { data, mask, gain }
}

/** Axes of one module's array. */
function shapeIn(order: FrameOrder, frames: number, { slowScan, fastScan }: Detector): number[] {
  return order === 'file' ? [frames, slowScan, fastScan] : [fastScan, slowScan, frames]
}
