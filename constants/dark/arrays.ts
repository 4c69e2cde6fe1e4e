import type { Kernels } from '../../src/corrections/kernel.js'
import { type Detector, pixelsOf } from '../../src/detectors/detector.js'
import { arrayOf, viewAs } from '../../src/model/dtypes.js'
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
 * @param cells cells 0 … cells − 1, all of them in `store`. @param room in the memory of `store`.
 */
export function darkConstants(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  pdu: string,
  room: InterleaveRoom,
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
      data: interleaved(detector, planes, dtype, store.buffer, room),
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

/** Where planes are put side by side: memory of the kernels that holds the planes too. */
export interface InterleaveRoom {
  readonly kernels: Pick<Kernels, 'interleave'>
  /** Free for use from byte `at`, aligned to 16. */
  readonly at: number
  readonly bytes: number
}

/** Fast-scan rows that the kernel makes at once. */
const ROWS = 4
/** Bytes that are made before they are copied: what the cache close to a core holds. */
const AT_ONCE = 2 ** 18

/** Gives rows of fast scan of some planes, `[row][slow scan][plane]`. @throws RangeError if the room holds no pixel. */
function interleaved<D extends 'f4' | 'u4'>(
  { slowScan, fastScan }: Detector,
  planes: readonly Plane[],
  dtype: D,
  buffer: ArrayBufferLike,
  { kernels, at, bytes }: InterleaveRoom,
) {
  const n = planes.length
  const out = at + Math.ceil((8 * n) / 16) * 16
  const slow = Math.min(slowScan, Math.floor(Math.min(AT_ONCE, at + bytes - out) / (ROWS * n * 4)))
  if (slow < 1) throw new RangeError(`${bytes} bytes hold no pixel of ${n} planes`)
  return ([first = 0]: readonly number[], [count = 0]: readonly number[]) => {
    const table = new Uint32Array(buffer, at, 2 * n)
    for (const [i, { values, other }] of planes.entries())
      table.set([values.byteOffset, other?.byteOffset ?? 0], 2 * i)
    const rows = arrayOf(dtype, count * slowScan * n)
    for (let row = 0; row < count; row += ROWS) {
      // The last ones of a module again, where fewer are left.
      const base = Math.min(first + row, fastScan - ROWS)
      for (let ss = 0; ss < slowScan; ss += slow) {
        const length = Math.min(slow, slowScan - ss)
        kernels.interleave(at, n, length, fastScan, ss * fastScan + base, ROWS, out)
        for (let r = row; r < Math.min(row + ROWS, count); r++) {
          const made = viewAs(dtype, buffer, out + (first + r - base) * length * n * 4, length * n)
          rows.set(made, (r * slowScan + ss) * n)
        }
      }
    }
    return rows
  }
}
