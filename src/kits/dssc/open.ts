import type { PixelOperation } from '../../corrections/open/operations.js'
import type { OpenCorrections, StepReading } from '../../corrections/open/readings.js'
import { maskReadings, RANGE_READINGS } from '../../corrections/open/shared-readings.js'

/** Readings of DSSC's steps. */
const READINGS: readonly StepReading[] = [
  {
    name: 'zero-kept',
    question: 'raw 0',
    about: 'a raw 0 stays 0 and is not read as 256',
    tells: 'data',
    change: [{ step: 'raw', with: { zero: 0 } }],
  },
  ...RANGE_READINGS,
  ...maskReadings({ none: [] }).filter(({ name }) => name === 'maps-none'),
]

/** A chain of DSSC as operations. */
function operationsOf(
  { steps, planes, maskMaps }: Parameters<OpenCorrections['operations']>[0],
  { zeroNans, zeroOrange }: Parameters<OpenCorrections['operations']>[1],
): PixelOperation[] {
  const on = (step: string, operation: PixelOperation) => (steps.includes(step) ? [operation] : [])
  return [
    { step: 'raw', do: 'signal', bits: 16, zero: 256 },
    ...on('offset', { step: 'offset', do: 'subtract', planes: planes.slice(0, 1) }),
    ...on('mask', { step: 'mask', do: 'mask', maps: maskMaps, stages: 1, of: 'own' }),
    ...on('range', { step: 'range', do: 'range', bits: true, zeroNans, zeroOrange }),
  ]
}

/** What DSSC's steps do, and what else they may mean. */
export const DSSC_OPEN: OpenCorrections = { operations: operationsOf, readings: READINGS, inPlanes: [] }
