import { describe, expect, test } from 'vitest'
import type { Chain } from '../../src/corrections/chain.js'
import { DEFAULT_STEP_OPTIONS, parseSteps } from '../../src/corrections/steps.js'
import { DETECTORS, kitOf } from '../../src/kits/index.js'
import { ConstantsError, UsageError } from '../../src/model/errors.js'
import { type KernelName, PLANES } from './implementations.js'

function chain(
  id: string,
  available: readonly string[],
  {
    steps,
    rawFrames = 1,
    options = {},
    maskMaps,
  }: { steps?: readonly string[]; rawFrames?: number; options?: object; maskMaps?: readonly string[] } = {},
): Chain {
  const { corrections } = kitOf({ id })
  return corrections.resolve({
    steps: parseSteps(corrections.steps, steps ?? corrections.defaultSteps, 0),
    options: { ...DEFAULT_STEP_OPTIONS, ...options },
    gainMode: 0,
    rawFrames,
    available: new Set(available),
    ...(maskMaps === undefined ? {} : { maskMaps }),
  })
}

test.each(DETECTORS.map(({ id }) => id))('%s: default and production steps are steps of its own', id => {
  const { steps, defaultSteps, productionSteps } = kitOf({ id }).corrections
  for (const step of [...defaultSteps, ...productionSteps]) expect(Object.keys(steps)).toContain(step)
  expect(parseSteps(steps, defaultSteps, 0)).toEqual(defaultSteps)
})

test.each(
  DETECTORS.map(detector => [detector.id, detector] as const),
)('%s: plain data, which a thread can be given', (_, detector) => {
  expect(structuredClone(detector)).toEqual(detector)
})

describe('LPD', () => {
  const ALL = ['Offset', 'Noise', 'BadPixelsDark', 'RelativeGain', 'GainAmpMap', 'FFMap', 'BadPixelsFF']

  test('multiplies the factors there are, in the order of the formula', () => {
    const found = chain('lpd1m', ALL)
    expect(found).toMatchObject({ kernel: 'lpd', rawFrames: 1, params: [0, 0, 0, 2], skipped: [] })
    expect(found.planes).toHaveLength(PLANES.lpd)
    expect(found.planes.slice(3, 6)).toEqual([
      { kind: 'value', calibration: 'Offset', index: 1 },
      { kind: 'product', calibrations: ['RelativeGain', 'GainAmpMap', 'FFMap'], index: 1 },
      { kind: 'bad-pixels', calibrations: ['BadPixelsDark', 'BadPixelsFF'], stage: 1 },
    ])
    const some = chain('lpd1m', ['Offset', 'FFMap'])
    expect(some.planes[1]).toEqual({ kind: 'product', calibrations: ['FFMap'], index: 0 })
    expect(some.skipped.map(({ step }) => step)).toEqual(['relative-gain', 'gain-amp-map', 'mask'])
    expect(some.steps).toEqual(['offset', 'ff-map', 'range'])
  })

  test('makes the mask of both maps whatever the steps, and says which is not there', () => {
    const both = ['BadPixelsDark', 'BadPixelsFF']
    for (const steps of [undefined, ['offset', 'mask'], ['mask']])
      for (const rawFrames of [1, 3]) {
        const found = chain('lpd1m', ALL, { rawFrames, ...(steps === undefined ? {} : { steps }) })
        expect([found.maskMaps, found.missingMaps]).toEqual([both, []])
        expect(found.planes[2]).toEqual({ kind: 'bad-pixels', calibrations: both, stage: 0 })
      }
    const dark = chain('lpd1m', ['Offset', 'BadPixelsDark'])
    expect([dark.maskMaps, dark.missingMaps]).toEqual([['BadPixelsDark'], ['BadPixelsFF']])
    const asked = chain('lpd1m', ALL, { maskMaps: ['BadPixelsFF'] })
    expect(asked.planes[2]).toEqual({ kind: 'bad-pixels', calibrations: ['BadPixelsFF'], stage: 0 })
    expect(asked.missingMaps).toEqual([])
    const none = chain('lpd1m', ['Offset'], { steps: ['offset', 'mask'] })
    expect(none.skipped).toEqual([{ step: 'mask', reason: 'there is no BadPixelsDark and no BadPixelsFF' }])
  })

  test('fills with neutral elements what is not asked', () => {
    const found = chain('lpd1m', ALL, { steps: ['offset'], options: { zeroNans: true } })
    expect(found.planes.slice(0, 3)).toEqual([
      { kind: 'value', calibration: 'Offset', index: 0 },
      { kind: 'fill', bits: 0x3f800000 },
      { kind: 'fill', bits: 0 },
    ])
    expect(found.params).toEqual([0, 0, 0, 0])
    expect(() => chain('lpd1m', ALL, { steps: ['ff-map'] })).toThrow(/ff-map needs offset/)
    expect(() => chain('lpd1m', ALL, { steps: ['threshold'] })).toThrow(
      /no correction step is called threshold/,
    )
    expect(() => chain('lpd1m', ['Noise'])).toThrow(ConstantsError)
  })

  test('in parallel gain needs Noise, of which saturation is made', () => {
    const found = chain('lpd1m', ALL, { rawFrames: 3, options: { sigmaMedium: 50.1, zeroOrange: true } })
    expect(found).toMatchObject({ kernel: 'lpdParallel', rawFrames: 3, params: [0, 0, 0, 10] })
    expect(found.planes).toHaveLength(PLANES.lpdParallel)
    expect(found.planes.slice(9)).toEqual([
      { kind: 'saturation', stage: 0, sigmas: 5 },
      { kind: 'saturation', stage: 1, sigmas: Math.fround(50.1) },
    ])
    expect(() => chain('lpd1m', ['Offset'], { rawFrames: 3 })).toThrow(/there is no Noise/)
    expect(() => chain('lpd1m', ALL, { rawFrames: 3, options: { sigmaHigh: -1 } })).toThrow(UsageError)
    expect(chain('lpd1m', ALL, { options: { sigmaHigh: -1 } }).kernel).toBe('lpd')
  })
})

describe('DSSC', () => {
  test('takes an offset, and bad pixels where there are any', () => {
    const found = chain('dssc1m', ['Offset', 'BadPixelsDark'], { options: { zeroNans: true } })
    expect(found).toMatchObject({ kernel: 'dssc', params: [0, 0, 0, 6], skipped: [] })
    expect(found.planes).toHaveLength(PLANES[found.kernel as KernelName])
    const without = chain('dssc1m', ['Offset'])
    expect(without.planes[1]).toEqual({ kind: 'fill', bits: 0 })
    expect(without.skipped).toEqual([{ step: 'mask', reason: 'there is no BadPixelsDark' }])
    expect(() => chain('dssc1m', ['Noise'])).toThrow(/there is no Offset/)
  })
})
