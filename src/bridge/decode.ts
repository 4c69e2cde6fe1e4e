import { DTYPE_BYTES, viewAs } from '../model/dtypes.js'
import { DataError } from '../model/errors.js'
import type { BridgeArray, BridgeSource, BridgeTime, BridgeValue } from './message.js'
import { shown, unpack } from './msgpack.js'
import { dtypeNamed, receivedArray } from './numpy.js'
import { bridgeTimeOf } from './time.js'

/** A source while its frames are read. */
interface Building {
  readonly time: BridgeTime
  readonly values: Record<string, BridgeValue>
  readonly arrays: Record<string, BridgeArray>
}

type Fields = Readonly<Record<string, unknown>>

/** Sources that one message may have: 16 modules and what else an instrument streams. */
const MOST_SOURCES = 4096

/**
 * The sources of one train's message, of version 1.0 (one frame) or 2.2. Arrays of version 2.2 are views on their frames.
 * @throws DataError for anything that is not such a message: naming the source where it is known.
 */
export function decodeTrain(frames: readonly Uint8Array[]): BridgeSource[] {
  const [only] = frames
  if (only === undefined) throw notAMessage('it has no frame')
  const sources = frames.length === 1 ? fromMap(only) : fromFrames(frames)
  const [first] = sources
  for (const { name, time } of sources)
    if (time.train !== first?.time.train)
      throw new DataError(`${name} is of train ${time.train}, ${first?.name} of ${first?.time.train}`, {
        hint: 'All sources of a message must be of one train',
      })
  return sources
}

function fromFrames(frames: readonly Uint8Array[]): BridgeSource[] {
  const found = new Map<string, Building>()
  // Frames come in pairs; clients pass over an odd last one, and so is done here.
  for (let i = 0; i + 1 < frames.length; i += 2) {
    const [head, payload] = [frames[i], frames[i + 1]]
    if (head === undefined || payload === undefined) break
    const { source, content, metadata, path, dtype, shape } = fieldsOf(unpack(head), 'a header')
    if (typeof source !== 'string') throw notAMessage('a header names no source')
    if (content === 'msgpack') {
      if (found.has(source)) throw notAMessage(`${source} is there twice`)
      if (found.size >= MOST_SOURCES) throw notAMessage(`it has more than ${MOST_SOURCES} sources`)
      found.set(source, building(source, fieldsOf(unpack(payload), source), metadata))
      continue
    }
    if (content !== 'array') throw notAMessage(`${source} has content ${shown(content)}`)
    const owner = found.get(source)
    if (owner === undefined || typeof path !== 'string')
      throw notAMessage(`an array of ${source} comes before its source`)
    owner.arrays[path] = receivedArray(source, path, dtype, shape, payload)
  }
  return [...found].map(([name, parts]) => ({ name, ...parts }))
}

function fromMap(frame: Uint8Array): BridgeSource[] {
  const sources = Object.entries(fieldsOf(unpack(frame), 'the message'))
  if (sources.length > MOST_SOURCES) throw notAMessage(`it has more than ${MOST_SOURCES} sources`)
  return sources.map(([name, value]) => {
    const { metadata, ...fields } = fieldsOf(value, name)
    return { name, ...building(name, fields, metadata) }
  })
}

function building(name: string, fields: Fields, metadata: unknown): Building {
  // What serves files repeats the metadata among the values.
  const { metadata: repeated, ...others } = fields
  const time = bridgeTimeOf(metadata ?? repeated)
  if (time === undefined)
    throw new DataError(`${name} has no train id`, { hint: 'Its metadata must hold timestamp.tid' })
  const parts: Building = { time, values: {}, arrays: {} }
  for (const [key, value] of Object.entries(others)) {
    const array = ndarrayOf(name, key, value)
    const scalar = array === undefined ? numpyScalarOf(value) : undefined
    if (array) parts.arrays[key] = array
    else if (scalar !== undefined) parts.values[key] = scalar
    else if (isValue(value)) parts.values[key] = value
  }
  return parts
}

/** The array that a map of msgpack-numpy stands for; undefined: it is none. */
function ndarrayOf(source: string, key: string, value: unknown): BridgeArray | undefined {
  if (typeof value !== 'object' || value === null || !('nd' in value) || value.nd !== true) return undefined
  const { type, shape, data } = value as Fields
  return receivedArray(source, key, type, shape, data)
}

/** The number that a map of msgpack-numpy stands for: `nd` is false, and its bytes are one element. */
function numpyScalarOf(value: unknown): number | bigint | undefined {
  if (typeof value !== 'object' || value === null || !('nd' in value) || value.nd !== false) return undefined
  const { type, data } = value as Fields
  const dtype = typeof type === 'string' ? dtypeNamed(type) : undefined
  if (dtype === undefined || !(data instanceof Uint8Array) || data.byteLength !== DTYPE_BYTES[dtype])
    return undefined
  return viewAs(dtype, Uint8Array.from(data).buffer, 0, 1)[0]
}

/** Lists within lists: more is not what anyone sends. */
const MOST_DEPTH = 16

function isValue(value: unknown, depth = 0): value is BridgeValue {
  if (Array.isArray(value)) return depth < MOST_DEPTH && value.every(item => isValue(item, depth + 1))
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array))
    return value as Fields
  throw notAMessage(`${what} is not a map`)
}

function notAMessage(reason: string): DataError {
  return new DataError(`not a message of the Karabo bridge: ${reason}`, {
    hint: 'Check that the endpoint is a Karabo bridge, and its protocol 1.0 or 2.2',
  })
}
