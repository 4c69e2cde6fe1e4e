import type { ChainRequest, SkippedStep } from './chain.js'

/** The steps of a chain, and the bad-pixel maps that its mask is made of. */
export interface MaskedSteps {
  readonly steps: readonly string[]
  readonly skipped: readonly SkippedStep[]
  /** By calibration, in the order they are joined; none without the step `mask`. */
  readonly maskMaps: readonly string[]
  /** Maps that belong to this mask and that the module does not have. */
  readonly missingMaps: readonly string[]
}

/**
 * Adds the bad-pixel maps of the step `mask`: those asked for, else `ofSteps`, which come with the steps. If the module
 * has none of them, `mask` is skipped.
 */
export function withMask(
  { available, maskMaps: asked }: Pick<ChainRequest, 'available' | 'maskMaps'>,
  { steps, skipped }: Pick<MaskedSteps, 'steps' | 'skipped'>,
  ofSteps: readonly string[],
): MaskedSteps {
  if (!steps.includes('mask')) return { steps, skipped, maskMaps: [], missingMaps: [] }
  const wanted = asked ?? ofSteps
  const maskMaps = wanted.filter(map => available.has(map))
  if (maskMaps.length > 0)
    return { steps, skipped, maskMaps, missingMaps: wanted.filter(map => !available.has(map)) }
  const reason = wanted.length > 0 ? `there is no ${wanted.join(' and no ')}` : 'no bad-pixel map is named'
  return {
    steps: steps.filter(step => step !== 'mask'),
    skipped: [...skipped, { step: 'mask', reason }],
    maskMaps,
    missingMaps: [],
  }
}
