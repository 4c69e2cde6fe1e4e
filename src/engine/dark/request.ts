import * as v from 'valibot'
import { type DarkLimits, parseBounds, requireSigma } from '../../../constants/dark/limits.js'
import type { DarkRecipe } from '../../../constants/dark/recipe.js'
import { CONSTANTS_FIELDS, checkFields, LIST, optionsOf, SELECTION_FIELDS, TEXT } from '../run/request.js'

const RUN = v.optional(TEXT)
const { modules, trains, pulses } = SELECTION_FIELDS

/** What is the same on the command line. */
const PLAIN_FIELDS = {
  /** Folder of the catalogue. */
  catalogue: TEXT,
  /** `auto`, a detector's id or a Karabo name. */
  detector: v.optional(TEXT, 'auto'),
  /** Whether the run was taken in parallel gain; absent: as its control data say. */
  parallelGain: v.optional(v.boolean()),
  ...{ modules, trains, pulses },
  /** From when the constants are valid, ISO 8601, UTC without a zone; absent: when the first run was taken. */
  beginAt: v.optional(TEXT),
  /** Limits of a good pixel, as `DarkLimits` has them; absent: the detector's own. Bounds are `low,high:low,high:…`. */
  offsetSigma: v.optional(v.number()),
  offsetHard: v.optional(LIST),
  noiseSigma: v.optional(v.number()),
  noiseHard: v.optional(LIST),
  gainSeparation: v.optional(v.number()),
}

export const DARK_OPTIONS = Object.keys(PLAIN_FIELDS) as readonly (keyof typeof PLAIN_FIELDS)[]

const REQUEST_OF_DARK = optionsOf({
  /** Folders of the RAW runs: one of each stage, or `run` for one that has all. */
  runs: v.strictObject({ high: RUN, medium: RUN, low: RUN, run: RUN }),
  /** Operating conditions by CalCat's names; they win over control data. */
  conditions: CONSTANTS_FIELDS.conditions,
  ...PLAIN_FIELDS,
})

/** A characterisation as a value: plain JSON with every option that shapes the constants. */
export type DarkRequest = v.InferInput<typeof REQUEST_OF_DARK>

/** A {@link DarkRequest} that was checked, with all defaults. */
export type CheckedDarkRequest = v.InferOutput<typeof REQUEST_OF_DARK>

/** The request with all defaults. @throws UsageError naming the option that is missing, unknown or of another type. */
export function checkDarkRequest(request: unknown): CheckedDarkRequest {
  return checkFields(REQUEST_OF_DARK, request)
}

/** The limits in force: the detector's own, unless the request has others. @throws UsageError */
export function limitsOf(request: CheckedDarkRequest, { limits, stages }: DarkRecipe): DarkLimits {
  const sigma = (name: 'offsetSigma' | 'noiseSigma' | 'gainSeparation', option: string) =>
    requireSigma(request[name] ?? limits[name], option)
  const hard = (name: 'offsetHard' | 'noiseHard', option: string) =>
    request[name] === undefined ? limits[name] : parseBounds(request[name], stages.length, option)
  return {
    offsetSigma: sigma('offsetSigma', '--offset-sigma'),
    offsetHard: hard('offsetHard', '--offset-hard'),
    noiseSigma: sigma('noiseSigma', '--noise-sigma'),
    noiseHard: hard('noiseHard', '--noise-hard'),
    gainSeparation: sigma('gainSeparation', '--gain-separation'),
  }
}
