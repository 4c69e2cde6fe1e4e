import type { DarkMap, StagePreview } from '../../constants/dark/preview.js'
import type { DarkModule, DarkOutcome } from '../../src/engine/dark/outcome.js'
import type { DarkPlan } from '../../src/engine/dark/plan.js'
import { AGIPD_DARK } from '../../src/kits/agipd/dark.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { moduleIndex } from '../../src/model/ids.js'

const recipe = AGIPD_DARK

/** Values that do not compress: the worst that a map can be. */
function noisyMap(): DarkMap {
  let x = 1
  const values = Float32Array.from({ length: 128 * 32 }, () => (x = (x * 1_103_515_245 + 12_345) % 2 ** 31))
  return { rows: 128, columns: 32, values }
}

function moduleOf(module: number): DarkModule {
  const map = noisyMap()
  const histogram = {
    from: 4000,
    step: 10,
    counts: Array.from({ length: 64 }, (_, i) => i * 997),
    below: 3,
    above: 4,
  }
  const preview: StagePreview = {
    ...{ offset: map, noise: map, bad: map },
    histograms: { offset: histogram, noise: histogram },
  }
  const shift = { compared: 10, mean: 0.1, rms: 0.7, largest: -3, map }
  return {
    module: moduleIndex(module),
    pdu: '<script>alert(1)</script>',
    written: { content: { size: 1, sha256: '' }, constants: [], checksums: new Map() },
    stages: recipe.stages.map(stage => ({
      ...{ stage, offset: 5000, noise: 8, gain: 6000, gainDeviation: 30, values: 65_536, bad: 70 },
      reasons: { NOISE_OUT_OF_THRESHOLD: 70 },
      cells: [0, 2].map(cell => ({ cell, offset: 5000 + cell, noise: 8, bad: 35 })),
    })),
    previews: recipe.stages.map(() => preview),
    outliers: [{ stage: 'high', what: 'cell 3', message: 'offset far' }],
    problems: [],
    previous: {
      beginAt: new Date(0),
      stages: recipe.stages.map(() => ({
        offset: shift,
        noise: shift,
        bad: { compared: 10, more: 1, fewer: 2 },
      })),
    },
  }
}

/** A plan and its outcome as a report takes them: of `modules` modules, alike. */
export function darkResultOf(modules: number): [DarkPlan, DarkOutcome] {
  const plan = {
    ...{ detector: AGIPD_1M, karaboId: 'SPB_DET_AGIPD1M-1', recipe, runs: [], limits: recipe.limits },
    ...{
      conditions: { 'Memory cells': 32 },
      told: {},
      beginAt: new Date(0),
      rawData: 'proposal:000001 runs:1 2 3',
    },
  } as unknown as DarkPlan
  const outcome = {
    modules: Array.from({ length: modules }, (_, i) => moduleOf(i)),
    problems: [],
    versions: [],
  } as unknown as DarkOutcome
  return [plan, outcome]
}
