import type { StepReading } from './readings.js'

/** Readings of the mask, which detectors share: which bad-pixel maps it is made of, and which stage's plane. */
export function maskReadings(maps: Readonly<Record<string, readonly string[]>>): StepReading[] {
  return [
    ...Object.entries(maps).map(
      ([name, list]): StepReading => ({
        name: `maps-${name}`,
        question: 'bad-pixel maps',
        about: `the mask is made of ${list.length > 0 ? list.join(', ') : 'no map'}`,
        tells: 'mask',
        change: [{ step: 'mask', with: { maps: list } }],
      }),
    ),
    {
      name: 'mask-of-first-stage',
      question: 'stage of the mask',
      about: 'every pixel has the bits that its maps have for high gain',
      tells: 'mask',
      change: [{ step: 'mask', with: { of: 'first' } }],
    },
    {
      name: 'mask-of-any-stage',
      question: 'stage of the mask',
      about: 'every pixel has the bits of all gain stages',
      tells: 'mask',
      change: [{ step: 'mask', with: { of: 'any' } }],
    },
  ]
}

/** Readings of the step `range`. */
export const RANGE_READINGS: readonly StepReading[] = [
  {
    name: 'nans-zero',
    question: 'values that are not finite',
    about: '0 is written for them, though zero-nans is off',
    tells: 'data',
    change: [{ step: 'range', with: { zeroNans: true } }],
  },
  {
    name: 'flagged-zero',
    question: 'values that are not finite',
    about: '0 is written for them, and for values beyond ±1e7',
    tells: 'data',
    change: [{ step: 'range', with: { zeroNans: true, zeroOrange: true } }],
  },
  {
    name: 'range-without-bits',
    question: 'bits of range',
    about: 'values that are not finite or beyond ±1e7 have no bits',
    tells: 'mask',
    change: [{ step: 'range', with: { bits: false } }],
  },
]
