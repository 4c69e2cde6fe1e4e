import type { Detector } from '../../src/detectors/detector.js'
import { arrayOf, DTYPE_BYTES, viewAs } from '../../src/model/dtypes.js'
import type { ConstantArray, ConstantDescription } from '../files/write.js'
import { type PlaneStore, type StagePlanes, stagePlanes } from './planes.js'
import type { DarkRecipe } from './recipe.js'
import type { KernelWorkspace } from './workspace.js'

/** One plane of a constant: a plane of the store. */
type Plane = Float32Array | Uint32Array

/** A constant, and of which planes of a cell it is made. */
interface DarkConstant extends ConstantDescription<'f4' | 'u4'> {
  readonly planesOf: (stages: readonly StagePlanes[]) => readonly Plane[]
}

/** The constants that a module's dark runs make, in CalCat's axes (fast scan, slow scan, cell, gain). */
export function darkDescriptions(
  { fastScan, slowScan }: Detector,
  { stages, thresholds }: DarkRecipe,
  cells: number,
  pdu: string,
): DarkConstant[] {
  const constant = (
    calibration: string,
    axis: string,
    length: number,
    dtype: 'f4' | 'u4',
    planesOf: DarkConstant['planesOf'],
  ): DarkConstant => ({
    pdu,
    calibration,
    shape: [fastScan, slowScan, cells, length],
    dims: ['fast_scan', 'slow_scan', 'cell', axis],
    dtype,
    planesOf,
  })
  const n = stages.length
  return [
    constant('Offset', 'gain', n, 'f4', all => all.map(({ offset }) => offset)),
    constant('Noise', 'gain', n, 'f4', all => all.map(({ noise }) => noise)),
    ...(thresholds ? [constant('ThresholdsDark', 'threshold', 2 * n - 1, 'f4', levels)] : []),
    constant('BadPixelsDark', 'gain', n, 'u4', all => all.map(({ bad }) => bad)),
  ]
}

/**
 * {@link darkDescriptions} with the numbers of a module's planes, interleaved as the writer requests them.
 * @param cells cells 0 … cells − 1, all of them in `store`. @param workspace in the memory of `store`.
 */
export function darkConstants(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  pdu: string,
  workspace: KernelWorkspace,
): ConstantArray[] {
  const all = Array.from({ length: cells }, (_, cell) =>
    recipe.stages.map((_, stage) => stagePlanes(store, recipe, cell, stage)),
  )
  return darkDescriptions(detector, recipe, cells, pdu).map(({ planesOf, ...description }) => ({
    ...description,
    ...interleaved(detector, all.flatMap(planesOf), description.dtype, workspace),
  }))
}

/** Bytes of the arrays of one module. */
export function darkConstantsBytes(detector: Detector, recipe: DarkRecipe, cells: number): number {
  const bytes = ({ shape, dtype }: DarkConstant) =>
    shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype])
  return darkDescriptions(detector, recipe, cells, '').reduce((sum, constant) => sum + bytes(constant), 0)
}

/** Midpoints of the mean raw gains of neighbouring stages, then the means themselves. */
function levels(stages: readonly StagePlanes[]): Plane[] {
  const gains = stages.flatMap(({ gain }) => (gain ? [gain] : []))
  return [...gains.slice(0, -1).map(({ deviation }) => deviation), ...gains.map(({ mean }) => mean)]
}

/** The kernel makes multiples of this number of fast-scan rows; every module has a multiple of it. */
const ROWS = 4
/** Rows in a cache line of a plane: with fewer at once, lines are fetched again. */
const LINE_ROWS = 16

/**
 * Rows of fast scan of some planes, `[row][slow scan][plane]`: as many at once as the workspace holds.
 * @throws RangeError if it holds no pixel.
 */
function interleaved<D extends 'f4' | 'u4'>(
  { slowScan, fastScan }: Detector,
  planes: readonly Plane[],
  dtype: D,
  { kernels, buffer, at, bytes }: KernelWorkspace,
): Pick<ConstantArray<D>, 'data' | 'slabBytes'> {
  const n = planes.length
  const out = at + Math.ceil((4 * n) / 16) * 16
  const free = at + bytes - out
  const slow = Math.min(slowScan, Math.floor(free / (ROWS * n * 4)))
  if (slow < 1) throw new RangeError(`${bytes} bytes hold no pixel of ${n} planes`)
  const fill = () => new Uint32Array(buffer, at, n).set(planes.map(({ byteOffset }) => byteOffset))
  const made = (from: number, rows: number, ss: number, length: number) =>
    kernels.interleave(at, n, length, fastScan, ss * fastScan + from, rows, out)
  const rowBytes = slowScan * n * 4

  if (slow === slowScan) {
    const rows = Math.min(LINE_ROWS, ROWS * Math.floor(free / (ROWS * rowBytes)))
    return {
      slabBytes: rows * rowBytes,
      data: ([first = 0], [count = 0]) => {
        fill()
        made(first, count, 0, slowScan)
        return viewAs(dtype, buffer, out, count * slowScan * n)
      },
    }
  }
  return {
    slabBytes: ROWS * rowBytes,
    data: ([first = 0]) => {
      fill()
      const rows = arrayOf(dtype, ROWS * slowScan * n)
      for (let ss = 0; ss < slowScan; ss += slow) {
        const length = Math.min(slow, slowScan - ss)
        made(first, ROWS, ss, length)
        for (let row = 0; row < ROWS; row++)
          rows.set(viewAs(dtype, buffer, out + row * length * n * 4, length * n), (row * slowScan + ss) * n)
      }
      return rows
    },
  }
}
