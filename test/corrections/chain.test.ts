import { describe, expect, test } from 'vitest'
import type { Chain } from '../../src/corrections/chain.js'
import { DEFAULT_STEP_OPTIONS, type GainMode, parseSteps as parse } from '../../src/corrections/steps.js'
import { AGIPD_CORRECTIONS, type AgipdKernel } from '../../src/kits/agipd/chain.js'
import { type AgipdParams, agipdWords } from '../../src/kits/agipd/params.js'
import { ConstantsError, UsageError } from '../../src/model/errors.js'
import { PLANES } from './implementations.js'

const DEFAULT_STEPS = AGIPD_CORRECTIONS.defaultSteps
const STEP_NAMES = Object.keys(AGIPD_CORRECTIONS.steps)
const parseSteps = (names: readonly string[], gainMode: GainMode) =>
  parse(AGIPD_CORRECTIONS.steps, names, gainMode)

const PARAMS: AgipdParams = {
  stage: 0,
  forceMgLimit: 1000,
  forceHgLimit: 1000,
  setMin: true,
  range: true,
  zeroNans: false,
  zeroOrange: false,
}

const DARK = ['Offset', 'ThresholdsDark', 'BadPixelsDark']
const GAIN_STEPS = [...DEFAULT_STEPS, 'relative-gain', 'adjust-mg-baseline', 'xray-gain']

function chain(
  steps: readonly string[],
  available: readonly string[],
  gainMode: GainMode = 0,
  options = {},
  maskMaps?: readonly string[],
): Chain {
  return AGIPD_CORRECTIONS.resolve({
    steps: parseSteps(steps, gainMode),
    options: { ...DEFAULT_STEP_OPTIONS, ...options },
    gainMode,
    rawFrames: 1,
    available: new Set(available),
    ...(maskMaps === undefined ? {} : { maskMaps }),
  })
}

describe('steps', () => {
  test('run in the order of the table whatever the order asked', () => {
    expect(parseSteps([...GAIN_STEPS].reverse(), 0)).toEqual(
      STEP_NAMES.filter(step => GAIN_STEPS.includes(step)),
    )
    expect(parseSteps(['offset', 'threshold', 'offset'], 0)).toEqual(['threshold', 'offset'])
  })

  test('put set-min behind both steps of the pulse capacitor, before xray-gain', () => {
    expect(parseSteps(GAIN_STEPS, 0).slice(4)).toEqual([
      'offset',
      'relative-gain',
      'adjust-mg-baseline',
      'set-min',
      'xray-gain',
      'mask',
      'range',
    ])
  })

  test('that fixed gain has no use for are off in it', () => {
    expect(parseSteps(GAIN_STEPS, 2)).toEqual(['threshold', 'offset', 'xray-gain', 'mask', 'range'])
  })

  test.each([
    [['thresholds'], /no correction step is called thresholds/],
    [['threshold', 'common-mode'], /common-mode needs offset/],
    [['threshold', 'offset', 'zero-std'], /zero-std needs mask/],
    [['threshold', 'offset', 'noisy-adc'], /noisy-adc needs mask/],
    [['threshold', 'round-photons'], /round-photons needs offset/],
    [['threshold', 'baseline-noise'], /baseline-noise needs offset/],
    [['constructor'], /no correction step is called constructor/],
    [['offset'], /offset needs threshold/],
    [['threshold', 'relative-gain'], /relative-gain needs offset/],
    [['threshold', 'force-hg-if-below'], /force-hg-if-below needs offset/],
    [['threshold', 'adjust-mg-baseline'], /adjust-mg-baseline needs offset/],
    [['mask'], /mask needs threshold/],
  ])('%j is refused', (names, message) => {
    expect(() => parseSteps(names, 0)).toThrow(UsageError)
    expect(() => parseSteps(names, 0)).toThrow(message)
  })

  test('need no threshold in fixed gain', () => {
    expect(parseSteps(['offset', 'mask'], 1)).toEqual(['offset', 'mask'])
    expect(() => parseSteps(['xray-gain'], 1)).toThrow(/needs offset/)
  })
})

describe('chain', () => {
  test('of the default steps reads eight planes', () => {
    const found = chain(DEFAULT_STEPS, DARK)
    expect(found).toEqual({
      kernel: 'agipdAdaptive',
      maskPlane: 1,
      params: agipdWords(PARAMS),
      planes: [
        { kind: 'value', calibration: 'Offset', index: 0 },
        { kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 0 },
        { kind: 'medium-threshold', gap: true },
        { kind: 'low-threshold', gap: true },
        { kind: 'value', calibration: 'Offset', index: 1 },
        { kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 1 },
        { kind: 'value', calibration: 'Offset', index: 2 },
        { kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 2 },
      ],
      rawFrames: 1,
      gainMode: 0,
      steps: DEFAULT_STEPS,
      skipped: [],
      maskMaps: ['BadPixelsDark'],
      missingMaps: [],
    })
    expect(structuredClone(found)).toEqual(found)
  })

  test('has as many planes as its kernel reads', () => {
    const all = [...DARK, 'SlopesPC', 'SlopesFF']
    for (const gainMode of [0, 1, 2, 3] as const)
      for (const steps of [DEFAULT_STEPS, GAIN_STEPS]) {
        const found = chain(steps, all, gainMode)
        expect(found.planes).toHaveLength(PLANES[found.kernel as AgipdKernel])
      }
  })

  test('of fixed gain reads its stage’s planes', () => {
    const found = chain(GAIN_STEPS, [...DARK, 'SlopesPC', 'SlopesFF'], 3)
    expect(found.kernel).toBe('agipdFixedGain')
    expect(found.params).toEqual(
      agipdWords({ ...PARAMS, stage: 2, forceMgLimit: -Infinity, forceHgLimit: -Infinity, setMin: false }),
    )
    expect(found.planes).toEqual([
      { kind: 'value', calibration: 'Offset', index: 2 },
      { kind: 'bad-pixels', calibrations: ['BadPixelsDark'], stage: 2 },
      { kind: 'fill', bits: 0x3f800000 },
      { kind: 'xray-gain' },
      { kind: 'fill', bits: 0x80000000 },
    ])
  })

  test('takes SlopesPC before RelativeGain, and skips the baseline without SlopesPC', () => {
    const slopes = chain(GAIN_STEPS, [...DARK, 'SlopesPC', 'RelativeGain', 'SlopesFF'])
    expect(slopes.planes.slice(8)).toEqual([
      { kind: 'pc-gain', stage: 0 },
      { kind: 'xray-gain' },
      { kind: 'pc-gain', stage: 1 },
      { kind: 'pc-gain', stage: 2 },
      { kind: 'pc-baseline' },
    ])
    const stored = chain(GAIN_STEPS, [...DARK, 'RelativeGain'])
    expect(stored.planes.slice(8)).toEqual([
      { kind: 'value', calibration: 'RelativeGain', index: 0 },
      { kind: 'fill', bits: 0x3f800000 },
      { kind: 'value', calibration: 'RelativeGain', index: 1 },
      { kind: 'value', calibration: 'RelativeGain', index: 2 },
      { kind: 'fill', bits: 0x80000000 },
    ])
    expect(stored.skipped.map(({ step }) => step)).toEqual(['adjust-mg-baseline', 'xray-gain'])
  })

  test('names every step it skips and falls back to the kernel without gain steps', () => {
    const found = chain(GAIN_STEPS, ['Offset', 'ThresholdsDark'])
    expect(found.kernel).toBe('agipdAdaptive')
    expect(found.skipped).toEqual([
      { step: 'relative-gain', reason: 'there is neither SlopesPC nor RelativeGain' },
      { step: 'adjust-mg-baseline', reason: 'there is no SlopesPC' },
      { step: 'xray-gain', reason: 'there is no SlopesFF' },
      { step: 'mask', reason: 'there is no BadPixelsDark' },
    ])
    expect(found.planes[1]).toEqual({ kind: 'fill', bits: 0 })
  })

  test('of the baseline alone has neutral gains', () => {
    const found = chain([...DEFAULT_STEPS, 'adjust-mg-baseline'], [...DARK, 'SlopesPC'])
    expect(found.kernel).toBe('agipdAdaptiveGain')
    const one = { kind: 'fill', bits: 0x3f800000 }
    expect(found.planes.slice(8)).toEqual([one, one, one, one, { kind: 'pc-baseline' }])
  })

  test('of the facility has the baseline, and no gain', () => {
    const { productionSteps, steps } = AGIPD_CORRECTIONS
    expect(Object.keys(steps).filter(step => productionSteps.includes(step))).toEqual([
      ...['threshold', 'low-medium-gap', 'force-mg-if-below', 'force-hg-if-below', 'offset'],
      ...['common-mode', 'adjust-mg-baseline', 'set-min', 'mask', 'range'],
    ])
  })

  test('is impossible without dark constants', () => {
    expect(() => chain(DEFAULT_STEPS, ['ThresholdsDark'])).toThrow(ConstantsError)
    expect(() => chain(DEFAULT_STEPS, ['Offset'])).toThrow(/no ThresholdsDark/)
    expect(chain(DEFAULT_STEPS, ['Offset'], 1).kernel).toBe('agipdFixed')
  })

  test('rounds limits to f32, and switches off what is not asked', () => {
    const found = chain(['threshold', 'offset', 'force-mg-if-below'], DARK, 0, {
      forceMgLimit: 0.1,
      zeroNans: true,
    })
    expect(found.params).toEqual(
      agipdWords({
        ...PARAMS,
        forceMgLimit: Math.fround(0.1),
        forceHgLimit: -Infinity,
        setMin: false,
        range: false,
      }),
    )
    expect(found.planes[2]).toEqual({ kind: 'medium-threshold', gap: false })
    expect(() => chain(DEFAULT_STEPS, DARK, 0, { forceMgLimit: Number.NaN })).toThrow(UsageError)
  })
})

describe('the maps of the mask', () => {
  const MAPS = ['BadPixelsDark', 'BadPixelsPC', 'BadPixelsFF', 'BadPixelsCS']
  const ALL = ['Offset', 'ThresholdsDark', 'SlopesPC', 'SlopesFF', 'RelativeGain', ...MAPS]
  const without = (...names: string[]) => ALL.filter(name => !names.includes(name))
  const [dark = '', pc = '', ff = '', cs = ''] = MAPS
  /** The calibrations that every mask plane is made of: the same in all. */
  const inPlanes = ({ planes }: Chain) => {
    const lists = planes.flatMap(plane => (plane.kind === 'bad-pixels' ? [plane.calibrations] : []))
    expect(new Set(lists.map(list => list.join())).size).toBe(1)
    return lists[0]
  }

  test.each<[string[], GainMode, string[], string[]]>([
    [[], 0, ALL, [dark]],
    [['relative-gain'], 0, ALL, [dark, pc]],
    [['adjust-mg-baseline'], 0, ALL, [dark, pc]],
    [['relative-gain', 'adjust-mg-baseline'], 0, ALL, [dark, pc]],
    [['xray-gain'], 0, ALL, [dark, ff]],
    [['relative-gain', 'xray-gain'], 0, ALL, [dark, pc, ff]],
    [['adjust-mg-baseline', 'xray-gain'], 0, ALL, [dark, pc, ff]],
    [['relative-gain', 'adjust-mg-baseline', 'xray-gain'], 0, ALL, [dark, pc, ff]],
    // In fixed gain the steps of the pulse capacitor are off whatever is asked.
    [['relative-gain', 'adjust-mg-baseline'], 1, ALL, [dark]],
    [['relative-gain', 'adjust-mg-baseline', 'xray-gain'], 2, ALL, [dark, ff]],
    [['xray-gain'], 3, ALL, [dark, ff]],
    // A step that is skipped brings no map, and relative gain as it is stored is not of the pulse capacitor.
    [['xray-gain'], 0, without('SlopesFF'), [dark]],
    [['adjust-mg-baseline'], 0, without('SlopesPC'), [dark]],
    [['relative-gain'], 0, without('SlopesPC', 'RelativeGain'), [dark]],
    [['relative-gain'], 0, without('SlopesPC'), [dark]],
    [['relative-gain', 'adjust-mg-baseline'], 0, without('SlopesPC'), [dark]],
    [['relative-gain'], 0, without('RelativeGain'), [dark, pc]],
  ])('come with the steps: %j in gain mode %i', (steps, gainMode, available, maps) => {
    const found = chain([...DEFAULT_STEPS, ...steps], available, gainMode)
    expect([found.maskMaps, inPlanes(found), found.missingMaps]).toEqual([maps, maps, []])
  })

  test('that belong to it and are not there are told, and none is made up for them', () => {
    const found = chain(GAIN_STEPS, without(pc, ff))
    expect([found.maskMaps, inPlanes(found), found.missingMaps]).toEqual([[dark], [dark], [pc, ff]])
    const darkless = chain(GAIN_STEPS, without(dark))
    expect([darkless.maskMaps, darkless.missingMaps]).toEqual([[pc, ff], [dark]])
  })

  test.each([
    [[dark, pc, ff], [dark, pc, ff], []],
    [[ff], [ff], []],
    [[dark, cs], [dark], [cs]],
  ])('are those that are asked for: %j', (asked, maps, missing) => {
    for (const steps of [DEFAULT_STEPS, GAIN_STEPS]) {
      const found = chain(steps, without(cs), 0, {}, asked)
      expect([found.maskMaps, inPlanes(found), found.missingMaps]).toEqual([maps, maps, missing])
    }
  })

  test.each([
    [[cs, pc], without(cs, pc), 'there is no BadPixelsCS and no BadPixelsPC'],
    [[], ALL, 'no bad-pixel map is named'],
  ])('if none of %j is there, the mask is skipped', (asked, available, reason) => {
    const found = chain(DEFAULT_STEPS, available, 0, {}, asked)
    expect(found.skipped).toEqual([{ step: 'mask', reason }])
    expect(found.steps).not.toContain('mask')
    expect([found.maskMaps, found.missingMaps]).toEqual([[], []])
    expect(found.planes[1]).toEqual({ kind: 'fill', bits: 0 })
  })

  test('are none without the step', () => {
    expect(chain(['threshold', 'offset'], ALL)).toMatchObject({ maskMaps: [], missingMaps: [] })
  })
})
