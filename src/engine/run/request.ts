import * as v from 'valibot'
import { RECASTS } from '../../corrections/finishing.js'
import { DEFAULT_STEP_OPTIONS } from '../../corrections/steps.js'
import { UsageError } from '../../model/errors.js'
import { shaped } from '../../model/shape.js'
import { LITFRAME_MODES } from '../../sources/run/lit-frames.js'

/** Sets of steps that have a name. */
export const PRESETS = ['default', 'offset-only', 'production'] as const

export const TEXT = v.pipe(v.string(), v.nonEmpty())
const ITEM = v.union([v.string(), v.number()])
/** Items by commas; an array means the same. */
export const LIST: v.GenericSchema<string | number | readonly (string | number)[], string> = v.pipe(
  v.union([ITEM, v.array(ITEM)]),
  v.transform(items => [items].flat().join(',')),
)
const { forceMgLimit, forceHgLimit, sigmaHigh, sigmaMedium, zeroNans, zeroOrange } = DEFAULT_STEP_OPTIONS
const { commonMode, baselineLimit, noisyShare, roundingThreshold, recast } = DEFAULT_STEP_OPTIONS
const SHARE = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const ABOVE_ZERO = v.pipe(v.number(), v.finite(), v.gtValue(0))

/** What of a request decides how values are calculated. */
export const STEP_FIELDS = {
  /** Gain mode of the run; absent: from conditions or control data, else adaptive. */
  gainMode: v.optional(v.picklist(['adaptive', 'high', 'medium', 'low'])),
  /** LPD: a train holds its pulses once in each gain stage; absent: from conditions or control data. */
  parallelGain: v.optional(v.boolean()),
  /** The steps to begin with. */
  preset: v.optional(v.picklist(PRESETS), 'default'),
  /** Steps that are on or off besides, by step: `{ 'xray-gain': true }`. */
  switches: v.optional(v.record(v.string(), v.boolean()), {}),
  /** The complete set of steps, instead of `preset` and `switches`. */
  steps: v.optional(LIST),
  /** Bad-pixel maps that the mask is made of, `dark,pc`; absent: those that come with the steps. */
  badPixels: v.optional(LIST),
  /** Limit of `force-mg-if-below`, ADU. */
  mgHardThreshold: v.optional(v.number(), forceMgLimit),
  /** Limit of `force-hg-if-below`, ADU. */
  hgHardThreshold: v.optional(v.number(), forceHgLimit),
  /** Parallel gain: saturation limit of the high stage, in noise sigmas below full scale. */
  sigmaHigh: v.optional(v.number(), sigmaHigh),
  /** Parallel gain: saturation limit of the medium stage, likewise. */
  sigmaMedium: v.optional(v.number(), sigmaMedium),
  /** Write 0 for values that are not finite. */
  zeroNans: v.optional(v.boolean(), zeroNans),
  /** Write 0 for values beyond ±1e7. */
  zeroOrange: v.optional(v.boolean(), zeroOrange),
  /** `common-mode`: how often it is looked for. */
  cmIterations: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
    commonMode.iterations,
  ),
  /** `common-mode`: dark values, `low,high`, ADU, inclusive. */
  cmDarkRange: v.optional(LIST, [commonMode.low, commonMode.high]),
  /** `common-mode`: least share of dark values. */
  cmDarkFraction: v.optional(SHARE, commonMode.fraction),
  /** `common-mode`: of how many images that is a share: of those present, or of 32 cells × 256 trains; absent: as the preset says. */
  cmCount: v.optional(v.picklist(['present', 'nominal'])),
  /** `common-mode`: over pixels in all images and over images, or over images alone. */
  cmPart: v.optional(v.picklist(['both', 'image']), commonMode.part),
  /** `baseline-noise`: shifts below minus this are not believed, ADU. */
  blcNoiseThreshold: v.optional(v.pipe(v.number(), v.minValue(0)), baselineLimit),
  /** `noisy-adc`: share of noisy pixels of a block above which all are bad. */
  noisyAdcThreshold: v.optional(SHARE, noisyShare),
  /** `round-photons`: keV of a photon. */
  photonEnergy: v.optional(ABOVE_ZERO),
  /** `round-photons`: ADU a keV. */
  aduPerKev: v.optional(ABOVE_ZERO),
  /** `round-photons`: from this fraction of a photon on it is rounded up. */
  roundingThreshold: v.optional(SHARE, roundingThreshold),
  /** `round-photons`: element type of image data. */
  recast: v.optional(v.picklist(RECASTS), recast),
}

/** What of a request decides which constants are used. */
export const CONSTANTS_FIELDS = {
  /** Folder of the constants catalogue. */
  catalogue: v.optional(TEXT),
  /** Instead: metadata file of an earlier correction, whose constants are used. */
  constantsFrom: v.optional(TEXT),
  /** The folder that relative paths in that file are below. */
  constantsRoot: v.optional(TEXT),
  /** Operating conditions by CalCat's names; they win over control data. */
  conditions: v.optional(v.record(v.string(), ITEM), {}),
  /** Time of the run, ISO 8601, UTC without a zone; absent: as the run says. */
  at: v.optional(TEXT),
  /** Which of several constants in time. */
  strategy: v.optional(v.picklist(['closest', 'prior']), 'closest'),
}

/** What of a run is used. */
export const SELECTION_FIELDS = {
  /** Module numbers, `0,3,5-7`; absent: all. */
  modules: v.optional(LIST),
  /** Sequence numbers, `0-3,8`; absent: all. */
  sequences: v.optional(LIST),
  /** Slice over the sorted train ids, `A:B[:S]`, or `id=A:B`; absent: all. */
  trains: v.optional(LIST),
  /** Slice over the frames of each train, `A:B[:S]`; absent: all. */
  pulses: v.optional(LIST),
}

/** Which frames are corrected beside slices of a train; a frame must be selected by all that are given. */
export const FRAME_FIELDS = {
  /** Memory cells, `0-63,128`; absent: all. */
  cells: v.optional(LIST),
  /** Pulse ids, `0-400,512`; absent: all. */
  pulseIds: v.optional(LIST),
  /** Lit frames only: `device` as a LitFrameFinder says, `energy` those of trains above a threshold; `off`: all. */
  litframe: v.optional(v.picklist(LITFRAME_MODES), 'off'),
  /** The LitFrameFinder, or the gas monitor, where the run has several. */
  litframeSource: v.optional(TEXT),
  /** Energy of a lit frame's pulses, or with `energy` the mean of its train, above which it counts as lit, µJ. */
  energyThreshold: v.optional(v.pipe(v.number(), v.finite())),
}

/** What is made of the frames beside themselves. */
const DERIVED_FIELDS = {
  /** Counts lit pixels of each module frame: those without a bad-pixel bit and above this value, in units of `image/data`. */
  litpx: v.optional(v.pipe(v.number(), v.finite())),
  /** Finds frames with more lit pixels than most around them; needs `litpx`. */
  hits: v.optional(v.boolean(), false),
  /** Misses that are drawn for each hit. */
  missRatio: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 1),
  /** Scales scores by the energies of pulses; needs `pulseEnergies`. */
  scaleHits: v.optional(v.boolean(), false),
  /** Lists pixels that are not zero or depart from their cell's mask, `beside` the frames or `only` these. */
  sparse: v.optional(v.picklist(['off', 'beside', 'only']), 'off'),
  /** Writes energy and gas-monitor index of each frame's pulses, as a LitFrameFinder connects them. */
  pulseEnergies: v.optional(v.boolean(), false),
}

const REQUEST_FIELDS = {
  /** Folder of the RAW run. */
  run: TEXT,
  /** Folder for the CORR files and the metadata file. */
  out: TEXT,
  /** Path of the combined file; absent: none. */
  combined: v.optional(TEXT),
  /** Whether there are CORR files. */
  corrected: v.optional(v.boolean(), true),
  /** `auto`, a detector's id or a Karabo name. */
  detector: v.optional(TEXT, 'auto'),
  ...SELECTION_FIELDS,
  ...FRAME_FIELDS,
  ...DERIVED_FIELDS,
  ...CONSTANTS_FIELDS,
  ...STEP_FIELDS,
}

const UNKNOWN = 'there is no such option'

/** The schema of options that are these and no others. */
export function optionsOf<Fields extends v.ObjectEntries>(fields: Fields) {
  return v.strictObject(fields, ({ expected, received }) =>
    expected === 'never' ? UNKNOWN : `expected ${expected} but received ${received}`,
  )
}

const REQUEST = optionsOf(REQUEST_FIELDS)

/** A correction as a value: plain JSON with every option that shapes the result. It can be stored, sent and repeated. */
export type CorrectionRequest = v.InferInput<typeof REQUEST>

export const REQUEST_OPTIONS = Object.keys(REQUEST_FIELDS) as readonly (keyof CorrectionRequest)[]

/** A {@link CorrectionRequest} that was checked, with all defaults; lists are text. */
export type CheckedRequest = v.InferOutput<typeof REQUEST>

/** The request with all defaults. @throws UsageError as {@link checkFields}. */
export function checkRequest(request: unknown, nameOf?: (option: string) => string): CheckedRequest {
  return checkFields(REQUEST, request, nameOf)
}

/**
 * Options with all defaults.
 * @param nameOf what an option is called where the options come from.
 * @throws UsageError naming the option that is missing, unknown or of another type, and what is allowed.
 */
export function checkFields<Fields extends v.ObjectEntries>(
  schema: ReturnType<typeof optionsOf<Fields>>,
  options: unknown,
  nameOf: (option: string) => string = option => option,
): v.InferOutput<typeof schema> {
  return shaped(schema, options, message => {
    const names = Object.keys(schema.entries).map(nameOf).join(', ')
    const hint = message.endsWith(UNKNOWN) ? { hint: `Use some of ${names}` } : {}
    return new UsageError(message.replace(/^\w+(?=[:.])/, nameOf), hint)
  })
}
