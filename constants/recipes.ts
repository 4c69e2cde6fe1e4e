import type { PlaneRecipe } from '../src/corrections/planes.js'
import { ConstantsError } from '../src/model/errors.js'
import { type ConstantSource, planesOf } from './source.js'

/** Rows of one cell and one slow-scan row, one for each plane read, as exact numbers. */
export type Rows = readonly Float64Array[]

/** What one constant contributes to one plane of a lane. */
export interface Contribution {
  readonly source: ConstantSource
  /** Planes of the constant's last axis that it reads. */
  readonly reads: readonly number[]
  /** The lane's plane it writes. */
  readonly plane: number
  /** Writes `rows`, fast scan 0 … n − 1, to `at`: floats into `f32`, masks into `u32`, two views of the same bytes. */
  write(rows: Rows, n: number, f32: Float32Array, u32: Uint32Array, at: number): void
}

/** A lane's plane that needs no constant, and the 32 bits of its pixels. */
export interface Filled {
  readonly plane: number
  readonly bits: number
}

/** The plan of a lane's planes: what is filled, what comes from where. */
export interface Contributions {
  readonly filled: readonly Filled[]
  readonly bySource: ReadonlyMap<ConstantSource, readonly Contribution[]>
}

const ONE_F32 = 0x3f800000

/**
 * What `recipes` need, in the order of formulas of `docs/corrections.md`.
 * @param median median of the module's finite SlopesFF, for `xray-gain`.
 * @throws ConstantsError if a constant lacks a plane; RangeError if a recipe's constant or the median was not given.
 */
export function contributionsOf(
  recipes: readonly PlaneRecipe[],
  constants: ReadonlyMap<string, ConstantSource>,
  median: number | undefined,
): Contributions {
  const filled: Filled[] = []
  const bySource = new Map<ConstantSource, Contribution[]>()

  const add = (
    calibration: string,
    indices: readonly number[],
    plane: number,
    write: Contribution['write'],
  ) => {
    const source = constants.get(calibration)
    if (source === undefined) throw new RangeError(`a recipe needs ${calibration}, which was not given`)
    const reads = indices.map(index => planeOf(source, index))
    bySource.set(source, [...(bySource.get(source) ?? []), { source, reads, plane, write }])
  }

  recipes.forEach((recipe, plane) => {
    switch (recipe.kind) {
      case 'fill':
        filled.push({ plane, bits: recipe.bits })
        break
      case 'value':
        add(
          recipe.calibration,
          [recipe.index],
          plane,
          writeFloats(value => value),
        )
        break
      case 'medium-threshold':
        add('ThresholdsDark', [0, 1], plane, writeFloats(recipe.gap ? mediumWithGap : medium))
        break
      case 'low-threshold':
        if (recipe.gap) add('ThresholdsDark', [0, 1], plane, writeFloats(lowWithGap))
        else
          add(
            'ThresholdsDark',
            [1],
            plane,
            writeFloats(value => value),
          )
        break
      case 'bad-pixels':
        // Without any constant all pixels are good.
        if (recipe.calibrations.length === 0) filled.push({ plane, bits: 0 })
        for (const calibration of recipe.calibrations) add(calibration, [recipe.stage], plane, orBits)
        break
      case 'pc-gain':
        if (recipe.stage === 0) filled.push({ plane, bits: ONE_F32 })
        else if (recipe.stage === 1)
          add(
            'SlopesPC',
            [0, 3],
            plane,
            writeFloats((high, medium) => high / medium),
          )
        else
          add(
            'SlopesPC',
            [0, 3],
            plane,
            writeFloats((high, medium) => (4.48 * high) / medium),
          )
        break
      case 'pc-baseline':
        add('SlopesPC', [1, 4, 0, 3], plane, writeBaseline)
        break
      case 'xray-gain': {
        if (median === undefined) throw new RangeError('the recipe xray-gain needs the median of SlopesFF')
        add(
          'SlopesFF',
          [0],
          plane,
          writeFloats(slope => median / slope),
        )
        break
      }
    }
  })
  return { filled, bySource: assigningFirst(bySource) }
}

/** Constants are read one after the other: what comes first to a mask plane assigns, so that it need not be cleared. */
function assigningFirst(
  bySource: ReadonlyMap<ConstantSource, readonly Contribution[]>,
): Contributions['bySource'] {
  const written = new Set<number>()
  const result = new Map<ConstantSource, Contribution[]>()
  for (const [source, uses] of bySource) {
    result.set(
      source,
      uses.map(use => {
        const first = !written.has(use.plane)
        written.add(use.plane)
        return first && use.write === orBits ? { ...use, write: assignBits } : use
      }),
    )
  }
  return result
}

/** The plane of `source` for `index` of the last axis: its only one where it has none or one. */
function planeOf(source: ConstantSource, index: number): number {
  const planes = planesOf(source)
  if (planes === 1) return 0
  if (index < planes) return index
  throw new ConstantsError(
    `${source.calibration.name} has ${planes} planes in its last axis; plane ${index} is needed`,
    { place: source.place, hint: 'Check its axes with detcal constants show' },
  )
}

/** T1, or a threshold that no raw gain exceeds where it is too near to T0: f32 arithmetic. */
function lowWithGap(t0: number, t1: number): number {
  const low = Math.fround(t1)
  return low <= Math.fround(Math.fround(1.05) * Math.fround(t0)) ? 65535 : low
}

/** T0, but not above T1 nor NaN where T1 is not. */
function medium(t0: number, t1: number): number {
  const [high, low] = [Math.fround(t0), Math.fround(t1)]
  const bound = Number.isNaN(low) ? Number.POSITIVE_INFINITY : low
  return high > bound || Number.isNaN(high) ? bound : high
}

function mediumWithGap(t0: number, t1: number): number {
  return medium(t0, lowWithGap(t0, t1))
}

/** Storing into a Float32Array rounds once; the formula before it is f64. */
function writeFloats(formula: (a: number, b: number) => number): Contribution['write'] {
  return (rows, n, f32, _u32, at) => {
    const [a, b = a] = rows
    if (a === undefined || b === undefined) return
    for (let i = 0; i < n; i++) f32[at + i] = formula(a[i] ?? 0, b[i] ?? 0)
  }
}

const writeBaseline: Contribution['write'] = (rows, n, f32, _u32, at) => {
  const [b1, b4, m0, m3] = rows
  if (!(b1 && b4 && m0 && m3)) return
  for (let i = 0; i < n; i++) f32[at + i] = (b1[i] ?? 0) - ((b4[i] ?? 0) * (m0[i] ?? 0)) / (m3[i] ?? 0)
}

const assignBits: Contribution['write'] = ([row], n, _f32, u32, at) => {
  for (let i = 0; row && i < n; i++) u32[at + i] = row[i] ?? 0
}

const orBits: Contribution['write'] = ([row], n, _f32, u32, at) => {
  for (let i = 0; row && i < n; i++) u32[at + i] = (u32[at + i] ?? 0) | (row[i] ?? 0)
}
