import type { Detector } from '../../src/detectors/detector.js'
import { UsageError } from '../../src/model/errors.js'
import type { DarkLimits } from './limits.js'

/** How a raw u16 becomes a sample: `(raw[plane] >> shift) & bits`, and `zeroAs` where that is 0. */
export interface Decode {
  readonly plane: number
  readonly shift: number
  readonly bits: number
  readonly zeroAs: number
}

export type StageName = 'high' | 'medium' | 'low'

/** What characterising the dark frames of a detector means. */
export interface DarkRecipe {
  /** Gain stages, one run each; a single one: one run for all. */
  readonly stages: readonly StageName[]
  readonly signal: Decode
  /** Samples that tell the stage: an analogue level that rises from high to low, or the number of the stage. */
  readonly gain?: Decode & { readonly tells: 'level' | 'stage' }
  /** ThresholdsDark are made of the gain samples. */
  readonly thresholds: boolean
  readonly limits: DarkLimits
  /** Conditions that the detector itself settles. */
  readonly conditions: Readonly<Record<string, number>>
}

const WHOLE = { plane: 0, shift: 0, bits: 0xffff, zeroAs: 0 } as const
const STAGES = ['high', 'medium', 'low'] as const

/** By the id of the detector. */
const RECIPES: Readonly<Record<string, DarkRecipe>> = {
  agipd1m: {
    stages: STAGES,
    signal: WHOLE,
    gain: { ...WHOLE, plane: 1, tells: 'level' },
    thresholds: true,
    limits: {
      offsetSigma: 3,
      offsetHard: [
        [3000, 7000],
        [6000, 10_000],
        [6000, 10_000],
      ],
      noiseSigma: 5,
      noiseHard: [
        [4, 20],
        [4, 20],
        [4, 20],
      ],
      gainSeparation: 5,
    },
    conditions: { 'Pixels X': 512, 'Pixels Y': 128 },
  },
  lpd1m: {
    stages: STAGES,
    signal: { ...WHOLE, bits: 0xfff },
    gain: { ...WHOLE, shift: 12, bits: 3, tells: 'stage' },
    thresholds: false,
    limits: {
      offsetSigma: 3,
      offsetHard: [
        [400, 1500],
        [400, 1500],
        [400, 1500],
      ],
      noiseSigma: 7,
      noiseHard: [
        [1, 35],
        [1, 35],
        [1, 35],
      ],
      gainSeparation: 0,
    },
    conditions: { 'Pixels X': 256, 'Pixels Y': 256 },
  },
  dssc1m: {
    stages: ['high'],
    signal: { ...WHOLE, zeroAs: 256 },
    thresholds: false,
    limits: {
      offsetSigma: 3,
      offsetHard: [[4, 125]],
      noiseSigma: 3,
      noiseHard: [[0.001, 3]],
      gainSeparation: 0,
    },
    conditions: { 'Pixels X': 512, 'Pixels Y': 128 },
  },
}

/** The raw planes that hold samples. */
export function rawPlanesOf({ signal, gain }: DarkRecipe): readonly number[] {
  return [...new Set([signal, ...(gain ? [gain] : [])].map(({ plane }) => plane))]
}

/** The recipe of a detector. @throws UsageError if it has none. */
export function darkRecipe(detector: Pick<Detector, 'id' | 'name'>): DarkRecipe {
  const recipe = RECIPES[detector.id]
  if (recipe) return recipe
  throw new UsageError(`dark runs of ${detector.name} cannot be characterised`, {
    hint: `Recipes exist for ${Object.keys(RECIPES).join(', ')}`,
  })
}
