import type { ModuleMetadata, RunMetadata } from '../sinks/metadata-file.js'
import type { Provenance } from '../sinks/provenance.js'
import type { ModuleOutcome } from './outcome.js'
import type { CorrectionPlan } from './plan.js'

/** What the metadata file tells of a run: every module that was corrected or should have been. */
export function runMetadata(
  plan: CorrectionPlan,
  outcomes: readonly ModuleOutcome[],
  provenance: Provenance,
): RunMetadata {
  const { detector, run } = plan
  const byModule = new Map(outcomes.map(outcome => [outcome.module, outcome]))
  const corrected: ModuleMetadata[] = plan.modules.map(({ module, constants, chain }) => {
    const outcome = byModule.get(module)
    return {
      module,
      pdu: constants.pdu,
      constants: constants.constants,
      outcome: {
        status: outcome?.status ?? 'failed',
        steps: chain.steps,
        skipped: chain.skipped,
        'cells-without-constants': outcome?.cellsWithoutConstants ?? [],
        sequences: outcome?.sequences ?? [],
      },
    }
  })
  const planned = new Set<number>(plan.modules.map(({ module }) => module))
  const left: ModuleMetadata[] = plan.problems.flatMap(({ place, message, severity }) =>
    place.module === undefined || planned.has(place.module) || severity !== 'error'
      ? []
      : [
          {
            module: place.module,
            pdu: undefined,
            constants: new Map(),
            outcome: { status: 'not corrected', reason: message },
          },
        ],
  )
  return { detector, karaboId: run.karaboId, input: run.path, provenance, modules: [...corrected, ...left] }
}
