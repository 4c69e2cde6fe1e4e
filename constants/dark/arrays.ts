import { type Detector, pixelsOf } from '../../src/detectors/detector.js'
import { arrayOf } from '../../src/model/dtypes.js'
import type { ConstantArray } from '../write.js'
import { type PlaneStore, type StagePlanes, stagePlanes } from './planes.js'
import type { DarkRecipe } from './recipe.js'

/** One plane of a constant: a plane of the store or, with `other`, midpoints of two, rounded once to f32. */
interface Plane {
  readonly values: Float32Array | Uint32Array
  readonly other?: Float32Array
}

/**
 * The constants that the planes of a module make, in CalCat's axes (fast scan, slow scan, cell, gain), evaluated in
 * rows of fast scan as the writer asks for them.
 * @param cells cells 0 … cells − 1, all of them in `store`.
 */
export function darkConstants(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  pdu: string,
): ConstantArray[] {
  const all = Array.from({ length: cells }, (_, cell) =>
    recipe.stages.map((_, stage) => stagePlanes(store, recipe, cell, stage)),
  )
  const constant = (
    calibration: string,
    axis: string,
    dtype: 'f4' | 'u4',
    planesOf: (stages: readonly StagePlanes[]) => readonly Plane[],
  ): ConstantArray => {
    const planes = all.flatMap(planesOf)
    return {
      pdu,
      calibration,
      shape: [detector.fastScan, detector.slowScan, cells, planes.length / cells],
      dims: ['fast_scan', 'slow_scan', 'cell', axis],
      dtype,
      data: ([first = 0], [count = 0]) => rows(detector, planes, dtype, first, count),
    }
  }
  return [
    constant('Offset', 'gain', 'f4', stages => stages.map(({ offset }) => ({ values: offset }))),
    constant('Noise', 'gain', 'f4', stages => stages.map(({ noise }) => ({ values: noise }))),
    ...(recipe.thresholds ? [constant('ThresholdsDark', 'threshold', 'f4', thresholds)] : []),
    constant('BadPixelsDark', 'gain', 'u4', stages => stages.map(({ bad }) => ({ values: bad }))),
  ]
}

/** Bytes of the arrays of one module. */
export function darkConstantsBytes(detector: Detector, recipe: DarkRecipe, cells: number): number {
  const stages = recipe.stages.length
  const planes = 3 * stages + (recipe.thresholds ? 2 * stages - 1 : 0)
  return 4 * planes * cells * pixelsOf(detector)
}

/** Midpoints of the mean raw gains of neighbouring stages, then the means themselves. */
function thresholds(stages: readonly StagePlanes[]): Plane[] {
  const means = stages.flatMap(({ gain }) => (gain ? [{ values: gain.mean }] : []))
  const midpoints = means
    .slice(1)
    .map(({ values }, stage) => ({ values: means[stage]?.values ?? values, other: values }))
  return [...midpoints, ...means]
}

function rows<D extends 'f4' | 'u4'>(
  { slowScan, fastScan }: Detector,
  planes: readonly Plane[],
  dtype: D,
  first: number,
  count: number,
) {
  const out = arrayOf(dtype, count * slowScan * planes.length)
  for (let ss = 0; ss < slowScan; ss++) {
    for (let row = 0; row < count; row++) {
      const pixel = ss * fastScan + first + row
      let at = (row * slowScan + ss) * planes.length
      for (let plane = 0; plane < planes.length; plane++) {
        const { values, other } = planes[plane] ?? NO_PLANE
        const value = values[pixel] ?? 0
        out[at++] = other === undefined ? value : (value + (other[pixel] ?? 0)) / 2
      }
    }
  }
  return out
}

const NO_PLANE: Plane = { values: new Float32Array(0) }
