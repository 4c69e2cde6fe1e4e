import type * as v from 'valibot'
import { checkFields, optionsOf } from '../../engine/run/request.js'
import { BRIDGE_FIELDS, INPUT_FIELDS, OUTPUT_FIELDS } from '../request.js'

const REQUEST = optionsOf({ ...INPUT_FIELDS, ...OUTPUT_FIELDS, ...BRIDGE_FIELDS })

/** What joins modules that were corrected elsewhere: plain JSON. */
export type CombineRequest = v.InferInput<typeof REQUEST>
/** A {@link CombineRequest} that was checked, with all defaults. */
export type CheckedCombineRequest = v.InferOutput<typeof REQUEST>

export const COMBINE_OPTIONS = Object.keys(REQUEST.entries) as readonly (keyof CombineRequest)[]

/** @throws UsageError naming the option that is missing, unknown or of another type. */
export function checkCombineRequest(
  request: unknown,
  nameOf?: (option: string) => string,
): CheckedCombineRequest {
  return checkFields(REQUEST, request, nameOf)
}
