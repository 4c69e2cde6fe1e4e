import type { PlaneRecipe } from '../../src/corrections/planes.js'
import { ConstantsError } from '../../src/model/errors.js'
import { type ConstantSource, planesOf } from '../files/source.js'
import {
  assignBits,
  copyFloats,
  lowThreshold,
  mediumThreshold,
  multiplyFloats,
  orBits,
  pcBaseline,
  pcGain,
  saturation,
  type WriteRow,
  xrayGain,
} from './formulas.js'

/**
 * What kind of contribution it is, for the kernels: numbers as they are, further factors, the first masks of a plane,
 * further masks, the two planes of thresholds; a formula is for TypeScript alone.
 */
export type Form = 'copy' | 'times' | 'assign' | 'or' | 'medium-threshold' | 'low-threshold' | 'formula'

/** What one constant contributes to one plane of a lane. */
export interface Contribution {
  readonly source: ConstantSource
  readonly form: Form
  /** Planes of the constant's last axis that it reads. */
  readonly reads: readonly number[]
  /** The lane's plane it writes. */
  readonly plane: number
  /** Of thresholds: whether step 2, `low-medium-gap`, is on. */
  readonly gap: boolean
  readonly write: WriteRow
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
 * What `recipes` need.
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

  function add(calibration: string, plane: number, part: Pick<Contribution, 'form' | 'write'> & Reads): void {
    const source = constants.get(calibration)
    if (source === undefined) throw new RangeError(`a recipe needs ${calibration}, which was not given`)
    const reads = part.reads.map(index => planeOf(source, index))
    const contribution = { gap: false, ...part, source, reads, plane }
    bySource.set(source, [...(bySource.get(source) ?? []), contribution])
  }
  const formula = (calibration: string, plane: number, reads: readonly number[], write: WriteRow) =>
    add(calibration, plane, { form: 'formula', reads, write })

  for (const [plane, recipe] of recipes.entries()) {
    switch (recipe.kind) {
      case 'fill':
        filled.push({ plane, bits: recipe.bits })
        break
      case 'value':
        add(recipe.calibration, plane, { form: 'copy', reads: [recipe.index], write: copyFloats })
        break
      case 'medium-threshold':
      case 'low-threshold': {
        const { kind: form, gap } = recipe
        const write = form === 'low-threshold' ? lowThreshold(gap) : mediumThreshold(gap)
        add('ThresholdsDark', plane, { form, gap, reads: [0, 1], write })
        break
      }
      case 'bad-pixels':
        // Without any constant all pixels are good.
        if (recipe.calibrations.length === 0) filled.push({ plane, bits: 0 })
        for (const calibration of recipe.calibrations)
          add(calibration, plane, { form: 'or', reads: [recipe.stage], write: orBits })
        break
      case 'product':
        // Constants are read one after the other in the order they are first named in: that of the product.
        recipe.calibrations.forEach((calibration, i) => {
          const first = { form: 'copy', write: copyFloats } as const
          const further = { form: 'times', write: multiplyFloats } as const
          add(calibration, plane, { reads: [recipe.index], ...(i === 0 ? first : further) })
        })
        break
      case 'saturation':
        formula('Noise', plane, [recipe.stage], saturation(recipe.sigmas))
        break
      case 'pc-gain':
        if (recipe.stage === 0) filled.push({ plane, bits: ONE_F32 })
        else formula('SlopesPC', plane, [0, 3], pcGain(recipe.stage))
        break
      case 'pc-baseline':
        formula('SlopesPC', plane, [1, 4, 0, 3], pcBaseline)
        break
      case 'xray-gain':
        if (median === undefined) throw new RangeError('the recipe xray-gain needs the median of SlopesFF')
        formula('SlopesFF', plane, [0], xrayGain(median))
        break
    }
  }
  return { filled, bySource: assigningFirst(bySource) }
}

/** Indices of the last axis, before a constant without it is taken into account. */
interface Reads {
  readonly reads: readonly number[]
  readonly gap?: boolean
}

/** Constants are read one after the other: the first mask of a plane assigns, so that it need not be cleared. */
function assigningFirst(bySource: Contributions['bySource']): Contributions['bySource'] {
  const written = new Set<number>()
  const result = new Map<ConstantSource, Contribution[]>()
  for (const [source, uses] of bySource) {
    const ordered = uses.map((use): Contribution => {
      const first = !written.has(use.plane)
      written.add(use.plane)
      return first && use.form === 'or' ? { ...use, form: 'assign', write: assignBits } : use
    })
    result.set(source, ordered)
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
