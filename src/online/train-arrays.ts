import { type Detector, pixelsOf } from '../detectors/detector.js'
import type { ArrayPart, FrameOrder, ModuleArrays } from '../engine/contract/module-arrays.js'
import type { TrainBuffer } from './train-buffers.js'

/** How trains are put out. */
export interface ArrayForm {
  readonly detector: Detector
  readonly order: FrameOrder
  /** Modules that have a place, ascending. */
  readonly modules: readonly number[]
  /** Arrays of all modules together, else one after the other. */
  readonly stacked: boolean
  /** Gain stages and masks besides the data. */
  readonly withMask: boolean
}

interface Place {
  readonly offset: number
  readonly elementBytes: number
}

/** Axes of an array of `frames` frames of all modules of a form, or of one. */
export function shapeOf({ order, modules, detector }: ArrayForm, frames: number, stacked: boolean): number[] {
  const stack = stacked ? [modules.length] : []
  return order === 'file'
    ? [frames, ...stack, detector.slowScan, detector.fastScan]
    : [...stack, detector.fastScan, detector.slowScan, frames]
}

/** The arrays of one train in one buffer: data, and where they are wanted gain and mask. */
export class TrainArrays {
  readonly form: ArrayForm
  readonly frames: number
  readonly #memory: TrainBuffer
  readonly #places: Readonly<Record<'data' | 'gain' | 'mask', Place>>

  constructor(form: ArrayForm, frames: number, take: (bytes: number) => TrainBuffer) {
    this.form = form
    this.frames = frames
    const elements = form.modules.length * frames * pixelsOf(form.detector)
    this.#places = {
      data: { offset: 0, elementBytes: 4 },
      mask: { offset: 4 * elements, elementBytes: 4 },
      gain: { offset: 8 * elements, elementBytes: 1 },
    }
    this.#memory = take(elements * (form.withMask ? 9 : 4))
  }

  /** Where the results of a module go. */
  ofModule(module: number): ModuleArrays {
    const { order, withMask, detector } = this.form
    const { slowScan, fastScan } = detector
    return {
      ...{ order, slowScan, fastScan, frames: this.frames },
      data: this.#part('data', module),
      ...(withMask && { gain: this.#part('gain', module), mask: this.#part('mask', module) }),
    }
  }

  /** Fills the place of a module that is missing: NaN, and mask and gain 0. */
  fillMissing(module: number): void {
    const pixels = pixelsOf(this.form.detector)
    const fill = (name: 'data' | 'gain' | 'mask', value: number): void => {
      const { buffer, start, frameStride } = this.#part(name, module)
      const array =
        name === 'gain'
          ? new Uint8Array(buffer)
          : name === 'mask'
            ? new Uint32Array(buffer)
            : new Float32Array(buffer)
      const runs =
        this.form.order === 'online'
          ? [[start, this.frames * pixels] as const]
          : Array.from({ length: this.frames }, (_, i) => [start + i * frameStride, pixels] as const)
      for (const [from, count] of runs) array.fill(value, from, from + count)
    }
    fill('data', Number.NaN)
    if (!this.form.withMask) return
    fill('mask', 0)
    fill('gain', 0)
  }

  /** Axes of an array of all modules, or of one. */
  shape(stacked: boolean): number[] {
    return shapeOf(this.form, this.frames, stacked)
  }

  /** All corrected values, in the order of the array. */
  get values(): readonly Float32Array[] {
    const elements = this.form.modules.length * this.frames * pixelsOf(this.form.detector)
    return [new Float32Array(this.#memory.buffer, 0, elements)]
  }

  /** The bytes of an array of all modules, or of one: contiguous only where they are not stacked. */
  bytes(name: 'data' | 'gain' | 'mask', module?: number): Uint8Array {
    const { offset, elementBytes } = this.#places[name]
    const one = this.frames * pixelsOf(this.form.detector) * elementBytes
    const index = module === undefined ? 0 : this.form.modules.indexOf(module)
    return this.#memory.view(
      offset + index * one,
      module === undefined ? one * this.form.modules.length : one,
    )
  }

  release(): void {
    this.#memory.release()
  }

  #part(name: 'data' | 'gain' | 'mask', module: number): ArrayPart {
    const { detector, modules, order, stacked } = this.form
    const pixels = pixelsOf(detector)
    const { offset, elementBytes } = this.#places[name]
    const index = modules.indexOf(module)
    const interleaved = stacked && order === 'file'
    return {
      buffer: this.#memory.buffer,
      start: offset / elementBytes + index * pixels * (interleaved ? 1 : this.frames),
      frameStride: interleaved ? modules.length * pixels : pixels,
    }
  }
}
