import { type Detector, pixelsOf } from '../../detectors/detector.js'
import type { LookedAt } from '../../engine/contract/module-arrays.js'
import { addPlane, addValue, newMean, writeMean } from '../../engine/worker/plane-mean.js'
import { framesFirst } from '../../memory/frames-last.js'
import { asFloats, wordsOf } from './corrected-copy.js'
import type { CorrectedPart } from './corrected-part.js'

type Elements = Float32Array | Uint32Array | Uint8Array

/** Makes the planes that somebody looks at; of what a host does not send they stay NaN. */
export function lookAt(
  part: CorrectedPart,
  frames: readonly number[],
  views: readonly LookedAt[],
  detector: Detector,
): void {
  const pixels = pixelsOf(detector)
  for (const { layer, frame, buffer, start } of views) {
    if (layer === 'raw') continue
    const bytes = part.arrays[layer === 'corrected' ? 'data' : layer]
    if (bytes === undefined) continue
    const source = layer === 'gain' ? bytes : layer === 'mask' ? wordsOf(bytes) : asFloats(bytes)
    const target = new Float32Array(buffer, 4 * start, pixels)
    if (frame === undefined) meanOf(part, source, frames, detector, target)
    else {
      const stored = frames[frame] ?? 0
      if (part.order === 'file') target.set(source.subarray(stored * pixels, (stored + 1) * pixels))
      else framesFirst(source, [stored], detector, [target], part.cellIds.length)
    }
  }
}

function meanOf(
  { order, cellIds: { length: stored } }: CorrectedPart,
  source: Elements,
  frames: readonly number[],
  { slowScan, fastScan }: Detector,
  target: Float32Array,
): void {
  const pixels = slowScan * fastScan
  const mean = newMean(pixels)
  if (order === 'file')
    for (const frame of frames) addPlane(mean, source.subarray(frame * pixels, (frame + 1) * pixels))
  else
    for (let fast = 0; fast < fastScan; fast++)
      for (let slow = 0; slow < slowScan; slow++)
        for (const frame of frames)
          addValue(mean, slow * fastScan + fast, source[(fast * slowScan + slow) * stored + frame] as number)
  writeMean(mean, target)
}
