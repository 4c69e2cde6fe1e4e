import { describe, expect, test } from 'vitest'
import { openData, openGain, openMask, type PlaneLookup } from '../../src/corrections/open/interpret.js'
import { readAs } from '../../src/corrections/open/readings.js'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { DEFAULT_STEP_OPTIONS, type GainMode, parseSteps } from '../../src/corrections/steps.js'
import { AGIPD } from '../../src/kits/agipd/index.js'
import { DSSC } from '../../src/kits/dssc/index.js'
import type { DetectorKit } from '../../src/kits/kit.js'
import { LPD } from '../../src/kits/lpd/index.js'
import { type KernelName, reference } from './implementations.js'

// The operations that a kit says its chains do are what its reference does, to the last bit.
const PIXELS = 4096

/** Numbers that repeat for a seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const ODD = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-42, 3e38, -2e7]

/** Planes of constants, made when they are first asked for: of one recipe always the same. */
function planesOf(seed: number): PlaneLookup {
  const random = randomOf(seed)
  const planes = new Map<string, Float32Array>()
  const made = (recipe: PlaneRecipe): Float32Array => {
    const plane = new Float32Array(PIXELS)
    const bits = new Uint32Array(plane.buffer)
    if (recipe.kind === 'fill') bits.fill(recipe.bits)
    else if (recipe.kind === 'bad-pixels')
      for (let p = 0; p < PIXELS; p++) bits[p] = random() < 0.1 ? random() * 2 ** 32 : 0
    else if (recipe.kind === 'product')
      // As it is loaded: every product rounded.
      for (const [i, calibration] of recipe.calibrations.entries()) {
        const factor = planeOf({ kind: 'value', calibration, index: recipe.index }).f32
        for (let p = 0; p < PIXELS; p++) plane[p] = (i === 0 ? 1 : (plane[p] ?? 0)) * (factor[p] ?? 0)
      }
    else
      for (let p = 0; p < PIXELS; p++)
        plane[p] = random() < 0.02 ? (ODD[Math.floor(random() * ODD.length)] ?? 0) : numberFor(recipe, random)
    return plane
  }
  const planeOf: PlaneLookup = recipe => {
    const key = JSON.stringify(recipe)
    const plane = planes.get(key) ?? made(recipe)
    planes.set(key, plane)
    return { f32: plane, u32: new Uint32Array(plane.buffer) }
  }
  return planeOf
}

function numberFor(recipe: PlaneRecipe, random: () => number): number {
  if (recipe.kind === 'medium-threshold') return 3000 + Math.floor(random() * 50)
  if (recipe.kind === 'low-threshold') return 6000 + Math.floor(random() * 50)
  if (recipe.kind === 'value' && recipe.calibration === 'Offset') return Math.floor(random() * 3000)
  if (recipe.kind === 'saturation') return 3500 + random() * 500
  return random() * 4 - 1
}

function same(
  kit: DetectorKit,
  names: readonly string[],
  gainMode: GainMode,
  rawFrames = 1,
  zeros = false,
): void {
  const available = new Set(kit.detector.calibrations.map(({ name }) => name))
  const options = {
    ...DEFAULT_STEP_OPTIONS,
    forceMgLimit: 700,
    forceHgLimit: 900,
    zeroNans: zeros,
    zeroOrange: zeros,
  }
  const steps = parseSteps(kit.corrections.steps, names, gainMode)
  const chain = kit.corrections.resolve({ steps, options, gainMode, rawFrames, available })
  const operations = kit.open?.operations(chain, options) ?? []
  const planeOf = planesOf(names.length + 7 * gainMode)
  const constants = new Uint32Array(PIXELS * chain.planes.length)
  for (const [i, recipe] of chain.planes.entries()) constants.set(planeOf(recipe).u32, i * PIXELS)

  const random = randomOf(42)
  const planes = kit.detector.rawPlanes * rawFrames
  const raw = Uint16Array.from({ length: planes * PIXELS }, () =>
    kit === AGIPD ? random() * 9000 : kit === DSSC ? Math.max(0, random() * 600 - 100) : random() * 65536,
  )
  const on = chain.steps.includes('range')
  const params = {
    stage: Math.max(0, gainMode - 1) as 0 | 1 | 2,
    forceMgLimit: chain.steps.includes('force-mg-if-below') ? 700 : Number.NEGATIVE_INFINITY,
    forceHgLimit: chain.steps.includes('force-hg-if-below') ? 900 : Number.NEGATIVE_INFINITY,
    setMin: chain.steps.includes('set-min'),
    ...{ range: on, zeroNans: on && zeros, zeroOrange: on && zeros },
  }
  const [expected] = reference({
    kernel: chain.kernel as KernelName,
    params,
    pixels: PIXELS,
    constants,
    raw: [raw],
  })

  const part = (i: number) => raw.subarray(i * PIXELS, (i + 1) * PIXELS)
  const signals = Array.from({ length: rawFrames }, (_, i) => part(i))
  const frame = { signals, ...(kit === AGIPD && { rawGain: part(1) }) }
  const gain = openGain(operations, frame, planeOf)
  const { data, judged } = openData(operations, frame, gain, planeOf)
  const mask = openMask(operations, frame, gain, judged, planeOf)
  expect([...gain]).toEqual(expected?.gain)
  expect([...new Uint32Array(data.buffer)]).toEqual(expected?.data)
  expect([...mask]).toEqual(expected?.mask)
}

describe('AGIPD', () => {
  const { defaultSteps } = AGIPD.corrections
  const gains = ['relative-gain', 'adjust-mg-baseline', 'xray-gain']
  test.each([0, 1, 2, 3] as const)('gain mode %i', mode => {
    for (let set = 0; set < 8; set++)
      same(AGIPD, [...defaultSteps, ...gains.filter((_, i) => (set >> i) & 1)], mode, 1, set > 4)
  })
  test.each([
    ['threshold'],
    ['threshold,offset'],
    ['threshold,offset,force-hg-if-below,mask'],
    ['threshold,offset,force-mg-if-below,set-min,relative-gain'],
  ])('%s', steps => same(AGIPD, steps.split(','), 0))
})

describe('LPD', () => {
  const all = Object.keys(LPD.corrections.steps)
  test.each([
    ['all'],
    ['relative-gain'],
    ['gain-amp-map'],
    ['ff-map'],
    ['range'],
    ['mask'],
  ])('without %s', left => {
    const steps = all.filter(step => step !== left)
    same(LPD, steps, 0)
    same(LPD, steps, 0, 3, true)
  })
})

test('DSSC', () => {
  same(DSSC, ['offset', 'mask', 'range'], 0)
  same(DSSC, ['offset', 'range'], 0, 1, true)
})

describe('a reading', () => {
  const step = { step: 'a', do: 'floor', stages: [1] } as const
  const operations = [step, { ...step, step: 'b' }, { ...step, step: 'c' }]
  const reading = (change: object) => ({ change: [{ step: 'a', ...change }] }) as never

  test('moves a step, changes it, or says nothing where it is not done', () => {
    const order = (change: object) =>
      readAs(operations, [reading(change)])
        ?.map(each => each.step)
        .join('')
    expect([order({ after: 'b' }), order({ after: 'c' }), order({ before: 'c' })]).toEqual([
      'bac',
      'bca',
      'bac',
    ])
    expect(order({ after: 'x' })).toBeUndefined()
    expect(order({ step: 'x' })).toBeUndefined()
    expect(readAs(operations, [reading({ with: { stages: [2] } })])?.[0]).toEqual({ ...step, stages: [2] })
  })

  test.each([AGIPD, LPD, DSSC])('of a kit has a name and a step of its own', ({ open, corrections }) => {
    const readings = open?.readings ?? []
    expect(new Set(readings.map(({ name }) => name)).size).toBe(readings.length)
    const steps = [...Object.keys(corrections.steps), 'raw', 'gain bits']
    for (const { change } of readings) for (const { step } of change) expect(steps).toContain(step)
  })
})
