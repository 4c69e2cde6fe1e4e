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
      data: (first, count) => rows(detector, planes, dtype, first, count),
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

/** Blocks of rows × slow scan, whose cache lines stay at hand while all planes go into them. */
const ROWS = 16
const SLOW = 64

function rows<D extends 'f4' | 'u4'>(
  { slowScan, fastScan }: Detector,
  planes: readonly Plane[],
  dtype: D,
  first: number,
  count: number,
) {
  const out = arrayOf(dtype, count * slowScan * planes.length)
  for (let row = 0; row < count; row += ROWS)
    for (let ss = 0; ss < slowScan; ss += SLOW)
      for (const [number, plane] of planes.entries())
        for (let r = row; r < Math.min(row + ROWS, count); r++)
          column(plane, {
            pixel: ss * fastScan + first + r,
            pixelStep: fastScan,
            out,
            at: (r * slowScan + ss) * planes.length + number,
            step: planes.length,
            count: Math.min(SLOW, slowScan - ss),
          })
  return out
}

interface Column {
  readonly pixel: number
  readonly pixelStep: number
  readonly out: Float32Array | Uint32Array
  readonly at: number
  readonly step: number
  readonly count: number
}

/** Every `pixelStep`-th pixel of a plane to every `step`-th element. */
function column({ values, other }: Plane, { pixel, pixelStep, out, at, step, count }: Column): void {
  const end = pixel + count * pixelStep
  let to = at
  for (let from = pixel; from < end; from += pixelStep, to += step) {
    const value = values[from] ?? 0
    out[to] = other === undefined ? value : (value + (other[from] ?? 0)) / 2
  }
}
