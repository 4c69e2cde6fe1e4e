import { type Detector, pixelsOf, rawFrameBytes } from '../../detectors/detector.js'
import { type LaneLayout, laneLayout } from '../../memory/lane-layout.js'
import { UsageError } from '../../model/errors.js'
import type { ModulePlan } from '../plan/plan.js'

/**
 * The byte map of a lane that takes a module's trains whole: `slots` trains of at most `frames` frames each.
 * @throws UsageError if a WebAssembly memory does not hold it.
 */
export function streamLayout(
  detector: Detector,
  { chain, cells }: Pick<ModulePlan, 'chain' | 'cells'>,
  frames: number,
  slots: number,
): LaneLayout {
  try {
    return laneLayout({
      pixels: pixelsOf(detector),
      rawFrameBytes: chain.rawFrames * rawFrameBytes(detector),
      cells: cells.length,
      planes: chain.planes.length,
      slotRawFrames: frames,
      slotFrames: frames,
      slots,
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(
      `constants of ${cells.length} cells and ${slots} trains of ${frames} frames do not fit one WebAssembly memory`,
      { hint: 'Use fewer cells, or fewer trains in flight', cause: error },
    )
  }
}
