import type { ArrayPart, ModuleArrays } from '../../engine/contract/module-arrays.js'
import { framesFirst, framesLast } from '../../memory/frames-last.js'
import { type ArrayForm, shapeOf } from '../train-arrays.js'
import type { SentArrays } from '../train-message.js'
import type { CorrectedPart } from './corrected-part.js'

const NAMES = ['data', 'mask', 'gain'] as const
/** Frames that are turned together: a cache line of each pixel. */
const TOGETHER = 16

/** Copies frames of a part to where an array has its module, in either axis order; `frames`: their indices. */
export function copyCorrected(part: CorrectedPart, frames: readonly number[], target: ModuleArrays): void {
  for (const name of NAMES) {
    const [bytes, place] = [part.arrays[name], target[name]]
    if (bytes === undefined || place === undefined) continue
    // As integers: a NaN's bits stay as they are.
    if (name === 'gain') copy(part, bytes, frames, new Uint8Array(place.buffer), place, target)
    else copy(part, wordsOf(bytes), frames, new Uint32Array(place.buffer), place, target)
  }
}

function copy<T extends Uint8Array | Uint32Array>(
  { order, cellIds: { length: stored } }: CorrectedPart,
  source: T,
  frames: readonly number[],
  all: T,
  { start, frameStride }: ArrayPart,
  target: ModuleArrays,
): void {
  const pixels = target.slowScan * target.fastScan
  const planeIn = (index: number) =>
    all.subarray(start + index * frameStride, start + index * frameStride + pixels)
  if (order === 'online' && target.order === 'online') {
    if (isWhole(frames, stored)) {
      all.set(source, start)
      return
    }
    for (let pixel = 0; pixel < pixels; pixel++)
      for (const [i, frame] of frames.entries())
        all[start + pixel * frames.length + i] = source[pixel * stored + frame] as number
    return
  }
  for (let first = 0; first < frames.length; first += TOGETHER) {
    const some = frames.slice(first, first + TOGETHER)
    const places = some.map((_, i) => first + i)
    if (order === 'online') framesFirst(source, some, target, places.map(planeIn), stored)
    else {
      const planes = some.map(frame => source.subarray(frame * pixels, (frame + 1) * pixels))
      if (target.order === 'file') for (const [i, plane] of planes.entries()) planeIn(first + i).set(plane)
      else framesLast(planes, places, target, all.subarray(start), frames.length)
    }
  }
}

/** The arrays of modules as they were received, if they can go on like that: all frames of all of them, in the order wanted. */
export function receivedArrays(
  form: ArrayForm,
  parts: ReadonlyMap<number, CorrectedPart>,
  frames: readonly number[],
): SentArrays | undefined {
  if (form.stacked) return undefined
  for (const { order, cellIds } of parts.values())
    if (order !== form.order || !isWhole(frames, cellIds.length)) return undefined
  return {
    form,
    shape: stacked => shapeOf(form, frames.length, stacked),
    bytes: (name, module = -1) => {
      const bytes = parts.get(module)?.arrays[name]
      if (bytes === undefined) throw new Error(`module ${module} has no ${name}`)
      return bytes
    },
    values: [...parts.values()].map(({ arrays }) => asFloats(arrays.data)),
  }
}

function isWhole(frames: readonly number[], stored: number): boolean {
  return frames.length === stored && frames.every((frame, i) => frame === i)
}

/** Where bytes lie in a message need not be a multiple of four: then they are copied. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
}

export function wordsOf(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes)
  return new Uint32Array(buffer, byteOffset, byteLength / 4)
}

export function asFloats(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}
