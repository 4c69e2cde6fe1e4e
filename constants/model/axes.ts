import type { AxisOrder } from '../../src/detectors/calibration.js'
import type { Detector } from '../../src/detectors/detector.js'
import { ConstantsError, type Place } from '../../src/model/errors.js'
import type { Calibration } from './calibrations.js'

/** Which axis of a constant on disk is which; `plane` is −1 where the constant has none. */
export interface Axes {
  readonly fastScan: number
  readonly slowScan: number
  readonly cell: number
  readonly plane: number
}

/**
 * Orders in which constants without `dims` are known to be stored: CalCat's, transposed against images; the same
 * with the last axis first, as old SlopesPC are; image order, as Cheetah-style stores have it. None of them fits by
 * luck: a shape that fits two, or none, is refused. Which of the pixel axes comes first a record may assume.
 */
const KNOWN_ORDERS: readonly AxisOrder[] = [
  ['fast_scan', 'slow_scan', 'cell', 'plane'],
  ['plane', 'fast_scan', 'slow_scan', 'cell'],
  ['plane', 'cell', 'slow_scan', 'fast_scan'],
  ['cell', 'plane', 'slow_scan', 'fast_scan'],
]

/** Every order that `calibration` may be stored in, as it is and, where it may lack the last axis, without that. */
function ordersOf(calibration: Calibration, orders: readonly AxisOrder[]): AxisOrder[] {
  if (!calibration.flat) return [...orders]
  const flat = orders.map(order => order.filter(axis => axis !== 'plane'))
  const distinct = new Map(flat.map(order => [order.join(), order]))
  return [...orders, ...distinct.values()]
}

/** Names of a constant's axes, and how they are known. */
export interface ResolvedDims {
  /** In disk order: `fast_scan`, `slow_scan`, `cell` and the calibration's name for its last axis. */
  readonly dims: string[]
  /**
   * The shape would allow another order too, such as pixel axes the other way round: it is known from how such
   * constants are stored, not from this one. Whoever takes it says so.
   */
  readonly assumed: boolean
}

/**
 * Names of a constant's axes in disk order: `stated` (by option or by the file's `dims` attribute) where there is a
 * statement, checked against the shape; else the one known order that fits the shape. Where several do that differ in
 * the pixel axes alone, as they do for square pixels, the one that the calibration's record assumes.
 * @throws ConstantsError if the statement and the shape disagree, or the shape alone does not tell.
 */
export function resolveDims(
  detector: Detector,
  calibration: Calibration,
  shape: readonly number[],
  stated: readonly string[] | undefined,
  place: Place = {},
): ResolvedDims {
  const ours = (dims: readonly string[]) => dims.map(dim => (isPlane(dim) ? calibration.planeAxis : dim))
  const text = `(${shape.join(', ')})`
  if (stated !== undefined) {
    const why = misfit(detector, calibration, shape, stated)
    if (why === undefined) return { dims: ours(stated), assumed: false }
    throw new ConstantsError(`${calibration.name} of shape ${text} is not (${stated.join(', ')}): ${why}`, {
      place,
      hint: statement(shape),
    })
  }
  const fits = (order: AxisOrder): boolean => misfit(detector, calibration, shape, order) === undefined
  const fitting = knownOrders(calibration).filter(fits)
  const [first] = fitting
  if (first !== undefined && fitting.length === 1)
    return { dims: ours(first), assumed: permutations(first).filter(fits).length > 1 }
  const what =
    fitting.length === 0
      ? `is not a known order of ${expectation(detector, calibration)}`
      : `may be ${fitting.map(order => `(${ours(order).join(', ')})`).join(' or ')}`
  throw new ConstantsError(`${calibration.name} of shape ${text} ${what}`, { place, hint: statement(shape) })
}

/**
 * Every order that `calibration` is known to be stored in, but for those that swap the pixel axes of the one that its
 * record assumes.
 */
function knownOrders(calibration: Calibration): AxisOrder[] {
  const { assumed, orders = [] } = calibration
  const assumptions = assumed ? ordersOf(calibration, [assumed]) : []
  const all = ordersOf(calibration, [...KNOWN_ORDERS, ...orders])
  const swaps = assumptions.map(order => swapped(order).join())
  return [...assumptions, ...all.filter(order => !swaps.includes(order.join()))].filter(
    (order, i, list) => list.findIndex(other => other.join() === order.join()) === i,
  )
}

function swapped(order: AxisOrder): AxisOrder {
  return order.map(axis => (axis === 'fast_scan' ? 'slow_scan' : axis === 'slow_scan' ? 'fast_scan' : axis))
}

function permutations(order: AxisOrder): AxisOrder[] {
  if (order.length < 2) return [order]
  return order.flatMap((axis, i) => permutations(order.toSpliced(i, 1)).map(rest => [axis, ...rest]))
}

/** Positions of the axes named by {@link resolveDims}. */
export function axesOf(dims: readonly string[]): Axes {
  return {
    fastScan: dims.indexOf('fast_scan'),
    slowScan: dims.indexOf('slow_scan'),
    cell: dims.indexOf('cell'),
    plane: dims.findIndex(isPlane),
  }
}

/** Every axis that is neither a pixel's nor the cell's is the last axis, whatever its name. */
function isPlane(dim: string): boolean {
  return dim !== 'fast_scan' && dim !== 'slow_scan' && dim !== 'cell'
}

/** Why `shape` cannot have the axes `dims`, or undefined if it can. */
function misfit(
  detector: Detector,
  calibration: Calibration,
  shape: readonly number[],
  dims: readonly string[],
): string | undefined {
  if (dims.length !== shape.length) return `${dims.length} names for ${shape.length} axes`
  for (const name of ['fast_scan', 'slow_scan', 'cell'])
    if (dims.filter(dim => dim === name).length !== 1) return `${name} must be named exactly once`
  const planeAxes = dims.filter(isPlane)
  if (planeAxes.length > 1) return `${planeAxes.join(' and ')} cannot both be its last axis`

  const { fastScan, slowScan, cell, plane } = axesOf(dims)
  if (shape[fastScan] !== detector.fastScan)
    return `fast_scan is ${shape[fastScan]}, not ${detector.fastScan}`
  if (shape[slowScan] !== detector.slowScan)
    return `slow_scan is ${shape[slowScan]}, not ${detector.slowScan}`
  const cells = shape[cell] ?? 0
  if (cells < 1 || cells > detector.maxCells) return `${cells} cells are not 1 to ${detector.maxCells}`
  const planes = plane < 0 ? undefined : (shape[plane] ?? 0)
  if (planes === undefined)
    return calibration.flat ? undefined : `the ${calibration.planeAxis} axis is missing`
  const allowed = calibration.planes
  if (allowed.length === 0 ? planes < 1 || planes > MOST_PLANES : !allowed.includes(planes))
    return `${calibration.planeAxis} is ${planes}, not ${allowed.join(' or ') || `1 to ${MOST_PLANES}`}`
  return undefined
}

const MOST_PLANES = 64

function expectation(detector: Detector, calibration: Calibration): string {
  const planes = calibration.planes.join(' or ') || 'any number of'
  const { fastScan, slowScan, maxCells } = detector
  return `${fastScan} fast scan, ${slowScan} slow scan, up to ${maxCells} cells, ${planes} ${calibration.planeAxis}`
}

function statement(shape: readonly number[]): string {
  const example = ['fast_scan', 'slow_scan', 'cell', 'gain'].slice(0, Math.max(3, shape.length)).join(',')
  return `State the order of its axes: --dims ${example} of constants import, dims: [${example}] in a metadata file`
}
