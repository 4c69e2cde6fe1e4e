import type { StepTable } from '../../corrections/steps.js'

/**
 * AGIPD's steps. In adaptive gain all that depends on a pixel's gain stage needs `threshold`, and what scales or
 * compares a value needs `offset`; in fixed gain there is nothing to threshold: the stage is the mode's.
 */
export const AGIPD_STEPS = {
  threshold: { built: true, needs: [] },
  'low-medium-gap': { built: true, needs: ['threshold'], adaptiveOnly: true },
  'force-mg-if-below': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'force-hg-if-below': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  offset: { built: true, needs: [], needsAdaptive: ['threshold'] },
  'baseline-noise': { built: true, needs: ['offset'] },
  'common-mode': { built: true, needs: ['offset'] },
  'relative-gain': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'adjust-mg-baseline': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'set-min': { built: true, needs: ['threshold', 'offset'], adaptiveOnly: true },
  'xray-gain': { built: true, needs: ['offset'] },
  mask: { built: true, needs: [], needsAdaptive: ['threshold'] },
  'zero-std': { built: true, needs: ['mask'], comparesTrains: true },
  'noisy-adc': { built: true, needs: ['mask'] },
  range: { built: true, needs: [] },
  'round-photons': { built: true, needs: ['offset'] },
} as const satisfies StepTable

export const AGIPD_DEFAULT_STEPS: readonly string[] = [
  'threshold',
  'low-medium-gap',
  'force-mg-if-below',
  'force-hg-if-below',
  'offset',
  'set-min',
  'mask',
  'range',
]
