import * as v from 'valibot'
import { UsageError } from '../../model/errors.js'
import { shaped } from '../../model/shape.js'
import { DEVICE_USES } from '../contract/device.js'

/** What may accompany a request, in one object for preparing and executing. */
const OPTIONS = v.strictObject({
  workers: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  memory: v.optional(v.pipe(v.number(), v.finite(), v.minValue(1))),
  signal: v.optional(v.instance(AbortSignal)),
  overwrite: v.optional(v.boolean()),
  resume: v.optional(v.boolean()),
  sync: v.optional(v.boolean()),
  created: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  part: v.optional(v.pipe(v.string(), v.regex(/^[\w-]+$/, 'it is no name of a part'))),
  device: v.optional(v.picklist(DEVICE_USES)),
  onProgress: v.optional(v.function()),
  // Made by detcal: their types say enough.
  kits: v.optional(v.any()),
  cache: v.optional(v.any()),
  engine: v.optional(v.any()),
})

/**
 * Checks options of programs in JavaScript, which no compiler has seen: `overwrite: 'no'` must not overwrite.
 * @throws UsageError naming the option that is unknown or of another type.
 */
export function checkOptionTypes(options: object): void {
  shaped(OPTIONS, options, message => new UsageError(message))
}
