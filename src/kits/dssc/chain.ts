import {
  type Chain,
  type ChainRequest,
  type Corrections,
  rangeFlags,
  requireConstants,
} from '../../corrections/chain.js'
import { withMask } from '../../corrections/mask.js'
import { NEUTRAL } from '../../corrections/plane-kinds.js'
import { fill } from '../../corrections/planes.js'
import { DSSC_STEPS } from './steps.js'

/** DSSC-1M: one gain stage, one offset; the kernel reads a raw 0 as 256. */
export const DSSC_CORRECTIONS: Corrections = {
  steps: DSSC_STEPS,
  defaultSteps: Object.keys(DSSC_STEPS),
  productionSteps: Object.keys(DSSC_STEPS),
  resolve,
}

/** Planes O M. */
function resolve(request: ChainRequest): Chain {
  const { options, gainMode, available } = request
  requireConstants(request.steps.includes('offset') ? ['Offset'] : [], available)
  const masked = withMask(request, { steps: request.steps, skipped: [] }, ['BadPixelsDark'])
  const { steps, maskMaps } = masked
  const on = (step: keyof typeof DSSC_STEPS): boolean => steps.includes(step)
  const planes = [
    on('offset') ? ({ kind: 'value', calibration: 'Offset', index: 0 } as const) : fill(NEUTRAL.zero),
    on('mask') ? ({ kind: 'bad-pixels', calibrations: maskMaps, stage: 0 } as const) : fill(NEUTRAL.zero),
  ]
  const params = [0, 0, 0, rangeFlags(on('range'), options)]
  return { kernel: 'dssc', params, planes, maskPlane: 1, rawFrames: 1, gainMode, ...masked }
}
