import type { DarkLimits } from './limits.js'

/** How a raw u16 becomes a sample: `(raw[plane] >> shift) & bits`, and `zeroAs` where that is 0. */
export interface Decode {
  readonly plane: number
  readonly shift: number
  readonly bits: number
  readonly zeroAs: number
}

/** `only`: of a detector without gain stages. */
export type StageName = 'high' | 'medium' | 'low' | 'only'

/** `of high gain`, `before` and `after` it; nothing of a detector without gain stages. */
export function stageText(stage: StageName | undefined, before = '', after = ''): string {
  return stage === undefined || stage === 'only' ? '' : `${before}${stage} gain${after}`
}

/** How the dark frames of a detector are characterised. */
export interface DarkRecipe {
  /** Gain stages, one run each; with a single run for all if there is one stage. */
  readonly stages: readonly StageName[]
  readonly signal: Decode
  /** Samples that indicate the stage: by an analogue level that rises from high to low, or by the stage's number. */
  readonly gain?: Decode & { readonly tells: 'level' | 'stage' }
  /** ThresholdsDark are made of the gain samples. */
  readonly thresholds: boolean
  readonly limits: DarkLimits
  /** Conditions that are fixed by the detector itself. */
  readonly conditions: Readonly<Record<string, number>>
}

/** All bits of a word of the first raw plane. */
export const WHOLE_WORD = { plane: 0, shift: 0, bits: 0xffff, zeroAs: 0 } as const satisfies Decode

/** The raw planes that hold samples. */
export function rawPlanesOf({ signal, gain }: DarkRecipe): readonly number[] {
  return [...new Set([signal, ...(gain ? [gain] : [])].map(({ plane }) => plane))]
}
