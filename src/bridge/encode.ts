import { UsageError } from '../model/errors.js'
import type { BridgeArray, BridgeSource, BridgeVersion } from './message.js'
import { binHead, mapHead, pack } from './msgpack.js'
import { numpyCode, numpyName } from './numpy.js'
import { metadataOf } from './time.js'

/** Bytes that one value of version 1.0 may have: clients read no more. */
const MOST_BYTES_1_0 = 0x7fffffff

/**
 * The frames of one train's message, sources sorted by name. Version 2.2 puts each array's own memory into a frame, without a
 * copy; version 1.0 is one frame, into which everything is copied.
 * @throws UsageError for an array that version 1.0 cannot hold.
 */
export function encodeTrain(sources: readonly BridgeSource[], version: BridgeVersion): Uint8Array[] {
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  if (version === '2.2') return sorted.flatMap(framesOf)
  return [
    Buffer.concat([
      mapHead(sorted.length),
      ...sorted.flatMap(source => [pack(source.name), ...mapOf(source)]),
    ]),
  ]
}

function framesOf({ name, time, values, arrays }: BridgeSource): Uint8Array[] {
  const head = pack({ source: name, content: 'msgpack', metadata: metadataOf(name, time) })
  const frames = [head, pack(values)]
  for (const [path, { dtype, shape, data }] of Object.entries(arrays))
    frames.push(pack({ source: name, content: 'array', path, dtype: numpyName(dtype), shape }), data)
  return frames
}

function mapOf({ name, time, values, arrays }: BridgeSource): Uint8Array[] {
  const entries = Object.entries({ ...values, metadata: metadataOf(name, time) })
  const arraysOf = Object.entries(arrays)
  return [
    mapHead(entries.length + arraysOf.length),
    ...entries.flatMap(([key, value]) => [pack(key), pack(value)]),
    ...arraysOf.flatMap(([key, array]) => [pack(key), ...ndarray(name, key, array)]),
  ]
}

/** An array as msgpack-numpy has it: a map whose keys are bytes, else clients leave it a map. */
function ndarray(source: string, key: string, { dtype, shape, data }: BridgeArray): Uint8Array[] {
  if (data.byteLength > MOST_BYTES_1_0)
    throw new UsageError(`${source}, ${key}: ${data.byteLength} bytes are more than protocol 1.0 holds`, {
      hint: 'Use --protocol 2.2',
    })
  const entry = (name: string, value: unknown): Uint8Array[] => [pack(Buffer.from(name)), pack(value)]
  return [
    mapHead(5),
    ...entry('nd', true),
    ...entry('type', numpyCode(dtype)),
    ...entry('kind', new Uint8Array(0)),
    ...entry('shape', shape),
    pack(Buffer.from('data')),
    binHead(data.byteLength),
    data,
  ]
}
