import type { BridgeSource } from '../bridge/message.js'
import type { Detector } from '../detectors/detector.js'
import type { FrameOrder } from '../engine/contract/module-arrays.js'
import { DataError } from '../model/errors.js'
import { isTrainId, moduleIndex } from '../model/ids.js'
import { type RawLayout, rawLayout } from './raw-layout.js'
import { type StreamedPart, storedCells, storedIds } from './streamed-part.js'

/** Raw frames of one module in one train, as they were received; in parallel gain cells and pulses are those of each pulse. */
export interface RawPart extends StreamedPart {
  /** u16 */
  readonly data: Uint8Array
  readonly layout: RawLayout
  /** Element of the module's first pixel, where modules are stacked. */
  readonly start: number
}

/** What is expected of a stream. */
export interface PartOptions {
  readonly detector: Detector
  readonly karaboId: string
  /** Raw frames of a pulse. */
  readonly rawFrames: number
  /** Whether frames may come without their raw gain: in a fixed gain stage. */
  readonly withoutGain: boolean
  /** Where axes could be in either order, and no array before has told it. */
  readonly order?: FrameOrder
  /** The order that the last array told by its shape: frames may become as many as a module has rows. */
  readonly seen: { order?: FrameOrder }
}

/** Names of sources that have the raw data of all modules. */
const STACKED = /^(?<karaboId>[^/]+)\/(?:DET\/APPEND|CAL\/APPEND_RAW)$/

/** The modules that a source has raw data of; undefined: it is not a source of this detector type. */
export function rawSourceOf(
  name: string,
  detector: Detector,
): { readonly karaboId: string; readonly module: number | 'stacked' } | undefined {
  const { karaboId, module } = detector.rawSource.exec(name)?.groups ?? {}
  if (karaboId !== undefined) return { karaboId, module: Number(module) }
  const stacked = STACKED.exec(name)?.groups?.['karaboId']
  if (stacked === undefined || rawSourceOf(`${stacked}/DET/0CH0:xtdf`, detector) === undefined)
    return undefined
  return { karaboId: stacked, module: 'stacked' }
}

/**
 * The parts of modules in one source of a message; none if it is not of the detector.
 * @throws DataError naming source and key if its arrays are not those of such a detector.
 */
export function rawPartsOf(source: BridgeSource, options: PartOptions): RawPart[] {
  const { detector, karaboId } = options
  const found = rawSourceOf(source.name, detector)
  if (found === undefined || found.karaboId !== karaboId) return []
  const train = Number(source.time.train)
  const refuse = (message: string, hint?: string) =>
    new DataError(`${source.name}, ${message}`, { place: { train }, ...(hint !== undefined && { hint }) })
  if (!isTrainId(train)) throw refuse(`train ${source.time.train} is not a train id`)
  const { module } = found
  if (module !== 'stacked' && !(module < detector.moduleCount))
    throw refuse(`${detector.name} has no module ${module}`)
  const image = source.arrays['image.data']
  if (image === undefined) throw refuse('image.data is missing', 'Let the sender send the key image.data')
  if (image.dtype !== 'u2') throw refuse(`image.data is of ${image.dtype}, raw data are u2`)
  const [stored, pulses] = ['image.cellId', 'image.pulseId'].map(key => storedIds(source, key))
  if (stored === undefined || pulses === undefined)
    throw refuse(`image.${stored ? 'pulseId' : 'cellId'} is missing`, 'Let the sender send it')
  const stacked = module === 'stacked'
  const told = rawLayout(image.shape, stored.length, detector, stacked)
  if (typeof told === 'object') options.seen.order = told.order
  const order = options.order ?? options.seen.order
  const layout = told === 'either' ? rawLayout(image.shape, stored.length, detector, stacked, order) : told
  if (layout === 'either')
    throw refuse(
      `image.data has shape (${image.shape.join(', ')}), which may be in either axis order`,
      'Give --source-axis-order',
    )
  if (layout === undefined || pulses.length !== stored.length)
    throw refuse(
      `image.data has shape (${image.shape.join(', ')}), with ${stored.length} cell ids and ${pulses.length} pulse ids: not frames of ${detector.name}`,
    )
  if (layout.planes < detector.rawPlanes && !options.withoutGain)
    throw refuse(
      `image.data has shape (${image.shape.join(', ')}): the raw gain of each pixel is missing`,
      'Give --gain-mode high if the detector runs in that fixed gain stage, or let the sender send all planes',
    )
  if (stored.length % options.rawFrames !== 0)
    throw refuse(`${stored.length} raw frames are not ${options.rawFrames} for each pulse`)
  // In parallel gain only the first part of the ids is valid.
  const count = stored.length / options.rawFrames
  const part = {
    ...{ train, time: source.time, data: image.data, layout },
    cellIds: storedCells(stored.take(count)),
    pulseIds: BigUint64Array.from(pulses.take(count)),
  }
  const modules = stacked ? presentOf(source, detector) : [module]
  if (modules === undefined)
    throw refuse(`modulesPresent is not one for each of ${detector.moduleCount} modules`)
  return modules.map(number => ({
    ...part,
    module: moduleIndex(number),
    start: stacked ? number * layout.moduleStride : 0,
  }))
}

/** Modules that a stacked source has: all unless `modulesPresent`, a list or an array, says otherwise; undefined: it says nothing. */
function presentOf({ values, arrays }: BridgeSource, { moduleCount }: Detector): number[] | undefined {
  const all = Array.from({ length: moduleCount }, (_, module) => module)
  const array = arrays['modulesPresent']
  const told = array?.dtype === 'u1' ? Array.from(array.data) : (array ?? values['modulesPresent'])
  if (told === undefined || told === null) return all
  if (!Array.isArray(told) || told.length !== moduleCount) return undefined
  return all.filter(module => Boolean(told[module]))
}
