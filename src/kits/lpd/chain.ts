import {
  type Chain,
  type ChainRequest,
  type Corrections,
  rangeFlags,
  requireConstants,
  withoutImpossible,
} from '../../corrections/chain.js'
import { withMask } from '../../corrections/mask.js'
import { NEUTRAL } from '../../corrections/plane-kinds.js'
import { fill, type PlaneRecipe } from '../../corrections/planes.js'
import { UsageError } from '../../model/errors.js'
import { LPD_STEPS } from './steps.js'

type StepName = keyof typeof LPD_STEPS

/** The steps that multiply, in the order of their product, and the calibration of each. */
export const LPD_FACTORS = [
  ['relative-gain', 'RelativeGain'],
  ['gain-amp-map', 'GainAmpMap'],
  ['ff-map', 'FFMap'],
] as const

/** Both make the mask, whatever the other steps. */
const MASK_MAPS = ['BadPixelsDark', 'BadPixelsFF'] as const

/** LPD-1M: the gain stage is in the raw number; in parallel gain one frame is made of one of each stage. */
export const LPD_CORRECTIONS: Corrections = {
  steps: LPD_STEPS,
  defaultSteps: Object.keys(LPD_STEPS),
  productionSteps: Object.keys(LPD_STEPS),
  resolve,
}

/** Planes O K M of each stage; in parallel gain the numbers S0 S1 behind, at which high and medium are saturated. */
function resolve(request: ChainRequest): Chain {
  const { options, gainMode, rawFrames, available } = request
  const parallel = rawFrames > 1
  requireConstants(
    [...(request.steps.includes('offset') ? ['Offset'] : []), ...(parallel ? ['Noise'] : [])],
    available,
  )
  const possible = withoutImpossible(request.steps, step => reasonAgainst(step, available))
  const masked = withMask(request, possible, MASK_MAPS)
  const { steps, maskMaps } = masked
  const on = (step: StepName): boolean => steps.includes(step)
  const factors = LPD_FACTORS.flatMap(([step, calibration]) => (on(step) ? [calibration] : []))
  const stagePlanes = (stage: number): PlaneRecipe[] => [
    on('offset') ? { kind: 'value', calibration: 'Offset', index: stage } : fill(NEUTRAL.zero),
    factors.length > 0 ? { kind: 'product', calibrations: factors, index: stage } : fill(NEUTRAL.one),
    on('mask') ? { kind: 'bad-pixels', calibrations: maskMaps, stage } : fill(NEUTRAL.zero),
  ]
  const planes = [0, 1, 2].flatMap(stagePlanes)
  if (parallel)
    planes.push(
      { kind: 'saturation', stage: 0, sigmas: sigmas('--sigma-high', options.sigmaHigh) },
      { kind: 'saturation', stage: 1, sigmas: sigmas('--sigma-medium', options.sigmaMedium) },
    )
  const kernel = parallel ? 'lpdParallel' : 'lpd'
  const params = [0, 0, 0, rangeFlags(on('range'), options)]
  return { kernel, params, planes, maskPlane: 2, rawFrames, gainMode, ...masked }
}

function reasonAgainst(step: string, available: ReadonlySet<string>): string | undefined {
  const factor = LPD_FACTORS.find(([name]) => name === step)
  if (factor && !available.has(factor[1])) return `there is no ${factor[1]}`
  return undefined
}

function sigmas(option: string, value: number): number {
  if (!(value >= 0 && Number.isFinite(value)))
    throw new UsageError(`${option} ${value} is not a number of sigmas`, { hint: 'Give it 0 or more' })
  return Math.fround(value)
}
