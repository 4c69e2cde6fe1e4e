import { type Detector, pixelsOf } from '../detectors/detector.js'
import { framesFirst } from '../memory/frames-last.js'
import type { RawPart } from './raw-part.js'

/**
 * Copies raw frames of a part into `target`, as the detector writes them: `[frame][raw frame of it][plane][slow scan]
 * [fast scan]`. A plane that the part lacks is 0.
 * @param frames indices of pulses, in the order wanted.
 * @param rawFrames raw frames of a pulse: those of stage high come first in the part, then those of medium, then low.
 */
export function copyRawFrames(
  { data, layout, start }: Pick<RawPart, 'data' | 'layout' | 'start'>,
  frames: readonly number[],
  rawFrames: number,
  detector: Detector,
  target: Uint8Array,
): void {
  const pixels = pixelsOf(detector)
  const frameBytes = detector.rawPlanes * pixels * 2
  const pulses = layout.frames / rawFrames
  const contiguous = layout.modules === 1 && layout.planes === detector.rawPlanes && rawFrames === 1
  if (layout.order === 'file' && contiguous && frames.every((frame, i) => frame === (frames[0] ?? 0) + i)) {
    const from = (frames[0] ?? 0) * frameBytes
    target.set(data.subarray(from, from + frames.length * frameBytes))
    return
  }
  const places: Uint16Array[] = []
  const stored: number[] = []
  for (const [i, frame] of frames.entries())
    for (let stage = 0; stage < rawFrames; stage++)
      for (let plane = 0; plane < detector.rawPlanes; plane++) {
        const at = ((i * rawFrames + stage) * detector.rawPlanes + plane) * pixels * 2
        const place = target.subarray(at, at + pixels * 2)
        const index = stage * pulses + frame
        if (plane >= layout.planes) place.fill(0)
        else if (layout.order === 'file') {
          const from = 2 * (start + index * layout.frameStride + plane * layout.planeStride)
          place.set(data.subarray(from, from + pixels * 2))
        } else {
          places.push(wordsOf(place))
          stored.push(index)
        }
      }
  if (places.length > 0) {
    const elements = elementsOf(data, start, pixels * layout.frames)
    framesFirst(elements, stored, detector, places, layout.frames)
  }
}

/** Elements of a module; in a copy where they do not lie at a multiple of their size. */
function elementsOf(data: Uint8Array, start: number, count: number): Uint16Array {
  const bytes = data.subarray(2 * start, 2 * (start + count))
  return wordsOf(bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes))
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2)
}
