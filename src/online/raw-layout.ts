import { type Detector, pixelsOf } from '../detectors/detector.js'
import type { FrameOrder } from '../engine/contract/module-arrays.js'

/** How raw frames lie in an array that was received, of one module or of several stacked. */
export interface RawLayout {
  readonly order: FrameOrder
  readonly frames: number
  /** Modules that are stacked; 1: it is of one module. */
  readonly modules: number
  /** Planes a frame; one where the detector has two: the raw gain is missing. */
  readonly planes: number
  /** Elements from a frame to the next, from a plane, and from a module. */
  readonly frameStride: number
  readonly planeStride: number
  readonly moduleStride: number
}

type Axis = 'frames' | 'planes' | 'modules'

interface Form {
  readonly order: FrameOrder
  readonly axes: readonly Axis[]
}

/** Axes in the order in which arrays come, pixels aside; `online` has its pixels before the frames. */
const FORMS: readonly Form[] = [
  // As in files, and as files are served.
  { order: 'file', axes: ['frames', 'planes'] },
  { order: 'file', axes: ['frames'] },
  { order: 'file', axes: ['frames', 'planes', 'modules'] },
  { order: 'file', axes: ['frames', 'modules'] },
  // A train of one frame that lost its first axis.
  { order: 'file', axes: ['planes'] },
  { order: 'file', axes: [] },
  // As Karabo's pipelines have it.
  { order: 'online', axes: ['modules', 'frames'] },
  { order: 'online', axes: ['frames'] },
]

/**
 * How an array of `shape` holds `frames` raw frames of the detector's modules.
 * @param stacked whether all modules are in it.
 * @param order which is meant where its axes could be in either.
 * @returns undefined if it can be in no known way; `either` if it can be in both orders and nothing says which.
 */
export function rawLayout(
  shape: readonly number[],
  frames: number,
  detector: Detector,
  stacked: boolean,
  order?: FrameOrder,
): RawLayout | 'either' | undefined {
  const found = FORMS.flatMap(form =>
    form.axes.includes('modules') === stacked ? (layoutIn(form, shape, frames, detector) ?? []) : [],
  )
  const [first] = found
  const isTold = found.every(layout => layout.order === first?.order)
  return found.find(layout => layout.order === order) ?? (isTold ? first : 'either')
}

function layoutIn(
  { order, axes }: Form,
  shape: readonly number[],
  frames: number,
  detector: Detector,
): RawLayout | undefined {
  const planes = axes.includes('planes') ? (shape[axes.indexOf('planes')] ?? 0) : 1
  if (planes !== 1 && planes !== detector.rawPlanes) return undefined
  if (!axes.includes('frames') && frames !== 1) return undefined
  const expected = order === 'file' ? fileShape(axes, frames, detector) : onlineShape(axes, frames, detector)
  const wanted = expected.map(length => (length === PLANES ? planes : length))
  if (wanted.length !== shape.length || !wanted.every((length, axis) => length === shape[axis]))
    return undefined
  const pixels = pixelsOf(detector)
  const modules = axes.includes('modules') ? detector.moduleCount : 1
  if (order === 'online')
    return {
      ...{ order, frames, modules, planes },
      ...{ frameStride: 1, planeStride: 0, moduleStride: pixels * frames },
    }
  const planeStride = pixels * modules
  return {
    ...{ order, frames, modules, planes, planeStride },
    ...{ frameStride: planes * planeStride, moduleStride: pixels },
  }
}

/** Stands for a number of planes that is whatever the array has. */
const PLANES = -1

function lengthOf(axis: Axis, frames: number, detector: Detector): number {
  return axis === 'frames' ? frames : axis === 'modules' ? detector.moduleCount : PLANES
}

function fileShape(axes: readonly Axis[], frames: number, detector: Detector): number[] {
  return [...axes.map(axis => lengthOf(axis, frames, detector)), detector.slowScan, detector.fastScan]
}

function onlineShape(axes: readonly Axis[], frames: number, detector: Detector): number[] {
  const stack = axes.includes('modules') ? [detector.moduleCount] : []
  return [...stack, detector.fastScan, detector.slowScan, frames]
}
