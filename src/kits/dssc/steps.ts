import type { StepTable } from '../../corrections/steps.js'

/** DSSC's steps. */
export const DSSC_STEPS = {
  offset: { built: true, needs: [] },
  mask: { built: true, needs: [] },
  range: { built: true, needs: [] },
} as const satisfies StepTable
