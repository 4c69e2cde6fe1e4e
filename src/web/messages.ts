import * as v from 'valibot'
import { VIEW_LAYERS } from '../online/live.js'
import type { GeometryHeader, PictureHeader, ShownMessage, ViewMessage } from './protocol.js'

const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** What a page may say. */
export const PAGE_MESSAGE: v.GenericSchema<unknown, ViewMessage | ShownMessage> = v.variant('type', [
  v.strictObject({
    type: v.literal('view'),
    layer: v.picklist(VIEW_LAYERS),
    frame: v.union([v.literal('mean'), COUNT]),
    module: v.union([v.literal('all'), COUNT]),
  }),
  v.strictObject({ type: v.literal('shown'), picture: COUNT }),
])

const MAX_TEXT = 100

/** Settings that are to be changed; which steps and slices there are, the service knows. */
export const SETTINGS = v.strictObject({
  steps: v.exactOptional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(MAX_TEXT))), v.maxLength(MAX_TEXT))),
  pulses: v.exactOptional(v.pipe(v.string(), v.maxLength(MAX_TEXT))),
  stride: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
})

/** A binary message: header and values as {@link PictureHeader} says. */
export function encode(header: PictureHeader | GeometryHeader, values: Float32Array | Int32Array): Buffer {
  const json = JSON.stringify(header)
  const text = Buffer.from(json.padEnd(json.length + ((4 - (Buffer.byteLength(json) % 4)) % 4)))
  const message = Buffer.allocUnsafeSlow(4 + text.length + values.byteLength)
  message.writeUInt32LE(text.length)
  text.copy(message, 4)
  message.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4 + text.length)
  return message
}
