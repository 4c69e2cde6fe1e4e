import type { DarkRecipe } from '../../constants/dark/recipe.js'
import type { Corrections } from '../corrections/chain.js'
import type { OpenCorrections } from '../corrections/open/readings.js'
import type { Detector } from '../detectors/detector.js'
import type { DetectorLayout } from '../geometry/layout.js'
import { UsageError } from '../model/errors.js'
import type { SimulatedDetector } from '../simulator/model/simulated-detector.js'
import type { ControlReader } from '../sources/conditions/reader.js'

/** Everything that one detector adds to detcal. A detector is this value: nothing else knows it by name. */
export interface DetectorKit {
  /** Plain data, which can be posted to a thread. */
  readonly detector: Detector
  readonly corrections: Corrections
  /** Absent: files of the facility cannot be explained. */
  readonly open?: OpenCorrections
  /** Absent: dark runs of this detector cannot be characterised. */
  readonly dark?: DarkRecipe
  /** `framesAlone`: the frames say how many memory cells were used and how fast, and nothing else is known. */
  readonly readControl: ControlReader
  /** Absent: the detector cannot be simulated. */
  readonly simulated?: SimulatedDetector
  /** Absent: no image of the whole detector can be put together. */
  readonly layout?: DetectorLayout
}

/** How dark runs are characterised. @throws UsageError if the kit has no recipe. */
export function darkRecipeOf({ detector, dark }: DetectorKit): DarkRecipe {
  if (dark) return dark
  throw new UsageError(`dark runs of ${detector.name} cannot be characterised`, {
    hint: 'Its detector kit has no dark recipe: import constants instead',
  })
}

/** What is simulated. @throws UsageError if the kit has nothing to simulate with. */
export function simulatedOf({ detector, simulated }: DetectorKit): SimulatedDetector {
  if (simulated) return simulated
  throw new UsageError(`${detector.name} cannot be simulated`, {
    hint: 'Its detector kit has no physics: simulate another detector',
  })
}

/** Where its pixels are. @throws UsageError if the kit does not say. */
export function layoutOf({ detector, layout }: DetectorKit): DetectorLayout {
  if (layout) return layout
  throw new UsageError(`no image of ${detector.name} can be put together`, {
    hint: 'Its detector kit does not say where pixels are: add a layout',
  })
}
