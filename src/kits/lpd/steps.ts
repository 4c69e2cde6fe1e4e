import type { StepTable } from '../../corrections/steps.js'

/** LPD's steps. Whatever scales a value needs `offset`. */
export const LPD_STEPS = {
  offset: { built: true, needs: [] },
  'relative-gain': { built: true, needs: ['offset'] },
  'gain-amp-map': { built: true, needs: ['offset'] },
  'ff-map': { built: true, needs: ['offset'] },
  mask: { built: true, needs: [] },
  range: { built: true, needs: [] },
} as const satisfies StepTable
