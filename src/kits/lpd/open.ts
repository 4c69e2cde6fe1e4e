import type { PixelOperation } from '../../corrections/open/operations.js'
import type { OpenCorrections, StepReading } from '../../corrections/open/readings.js'
import { maskReadings, RANGE_READINGS } from '../../corrections/open/shared-readings.js'
import type { PlaneRecipe } from '../../corrections/planes.js'
import { LPD_FACTORS } from './chain.js'

const [DARK, FF] = ['BadPixelsDark', 'BadPixelsFF'] as const

/**
 * Readings of LPD's steps: whether its maps are factors or divisors, how products are rounded, and
 * how the axes of square constants lie, only memory tells.
 */
const READINGS: readonly StepReading[] = [
  {
    name: 'wrong-gain-kept',
    question: 'gain bits 3',
    about: 'the stage 3, which is none, is stored as it is',
    tells: 'gain',
    change: [{ step: 'gain bits', with: { wrong: 3 } }],
  },
  ...LPD_FACTORS.map(
    ([step, calibration]): StepReading => ({
      name: `${step}-divides`,
      question: `direction of ${calibration}`,
      about: `values are divided by ${calibration}`,
      tells: 'data',
      change: [{ step, with: { divide: true } }],
    }),
  ),
  {
    name: 'factors-one-by-one',
    question: 'rounding of the factors',
    about: 'values are multiplied by one factor after the other, each time rounded, not by their product',
    tells: 'data',
    change: LPD_FACTORS.map(([step]) => ({ step, with: { joined: false } })),
  },
  ...[['offset', 'Offset'] as const, ...LPD_FACTORS].map(
    ([step, calibration]): StepReading => ({
      name: `${step}-axes-swapped`,
      question: `axes of ${calibration}`,
      about: `slow and fast scan of ${calibration} are the other way round than its dims, or the usual order, say`,
      tells: 'data',
      change: [{ step, with: { transposed: true } }],
    }),
  ),
  ...RANGE_READINGS,
  {
    name: 'wrong-gain-unmarked',
    question: 'bit of gain bits 3',
    about: 'pixels whose stage is none have no bit 21',
    tells: 'mask',
    change: [{ step: 'gain bits', with: { mark: 0 } }],
  },
  {
    name: 'maps-axes-swapped',
    question: 'axes of the bad-pixel maps',
    about: 'slow and fast scan of all maps are the other way round',
    tells: 'mask',
    change: [{ step: 'mask', with: { transposed: true } }],
  },
  ...maskReadings({ dark: [DARK], ff: [FF], none: [] }),
]

const WRONG_GAIN_VALUE = 1 << 21

/** A chain of LPD as operations; the steps that scale are joined to one factor. */
function operationsOf(
  { steps, planes, rawFrames, maskMaps }: Parameters<OpenCorrections['operations']>[0],
  { zeroNans, zeroOrange }: Parameters<OpenCorrections['operations']>[1],
): PixelOperation[] {
  const on = (step: string, operation: PixelOperation) => (steps.includes(step) ? [operation] : [])
  const plane = (index: number): PlaneRecipe => planes[index] ?? { kind: 'fill', bits: 0 }
  const stages = [0, 1, 2]
  return [
    { step: 'raw', do: 'signal', bits: 12, zero: 0 },
    rawFrames > 1
      ? { step: 'parallel gain', do: 'saturation', planes: [plane(9), plane(10)] }
      : { step: 'gain bits', do: 'stage-bits', wrong: 2, mark: WRONG_GAIN_VALUE },
    ...on('offset', { step: 'offset', do: 'subtract', planes: [0, 3, 6].map(plane) }),
    ...LPD_FACTORS.flatMap(([step, calibration]) =>
      on(step, {
        ...{ step, do: 'scale', divide: false, joined: true },
        planes: stages.map(index => ({ kind: 'value', calibration, index })),
      }),
    ),
    ...on('mask', { step: 'mask', do: 'mask', maps: maskMaps, stages: 3, of: 'own' }),
    ...on('range', { step: 'range', do: 'range', bits: true, zeroNans, zeroOrange }),
  ]
}

/** What LPD's steps do, and what else they may mean. */
export const LPD_OPEN: OpenCorrections = { operations: operationsOf, readings: READINGS, inPlanes: [] }
