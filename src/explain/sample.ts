import type { PlaneLookup } from '../corrections/open/interpret.js'
import { planesRead } from '../corrections/open/operations.js'
import type { Detector } from '../detectors/detector.js'
import type { ModuleIndex } from '../model/ids.js'
import { type Choices, singlyRead } from './candidates.js'
import type { OpenModule } from './chains.js'
import { planesOfModule } from './load-planes.js'
import type { FramePair } from './pairs.js'
import { readFramePair, type SampledFrame } from './read-frames.js'

/** Frames, with where the constants of each are. */
export interface FrameSample {
  readonly frames: readonly SampledFrame[]
  readonly planesOf: (frame: SampledFrame) => PlaneLookup
}

/**
 * Reads frames, and the planes of constants that any of the choices needs for them.
 * @throws DataError, ConstantsError naming file and dataset.
 */
export async function readSample(
  detector: Detector,
  modules: ReadonlyMap<ModuleIndex, OpenModule>,
  pairs: readonly FramePair[],
  choices: readonly Choices[],
  signal: AbortSignal | undefined,
): Promise<FrameSample> {
  const frames: SampledFrame[] = []
  for (const pair of pairs) {
    signal?.throwIfAborted()
    frames.push(await readFramePair(pair, detector))
  }
  const planes = new Map<ModuleIndex, (cell: number) => PlaneLookup>()
  for (const [module, { constants }] of modules) {
    signal?.throwIfAborted()
    const own = pairs.filter(pair => pair.module === module)
    const cells = [...new Set(own.map(({ cell }) => cell))].sort((a, b) => a - b)
    if (cells.length === 0) continue
    const recipes = choices.flatMap(each =>
      singlyRead(each).flatMap(operations => planesRead(operations.get(module) ?? [])),
    )
    planes.set(module, await planesOfModule(detector, module, { recipes, constants, cells }))
  }
  return {
    frames,
    planesOf: ({ pair }) => {
      const lookup = planes.get(pair.module)
      if (lookup === undefined) throw new RangeError(`module ${pair.module} has no planes`)
      return lookup(pair.cell)
    },
  }
}
