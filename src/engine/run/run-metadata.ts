import { resolve } from 'node:path'
import { grouped } from '../../model/grouped.js'
import type { ModuleMetadata, RunMetadata } from '../../sinks/metadata/metadata-file.js'
import type { Provenance } from '../../sinks/metadata/provenance.js'
import type { CorrectionPlan } from '../plan/plan.js'
import type { ModuleOutcome } from './outcome.js'

/** The content of a run's metadata file: every module that was corrected or should have been. */
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
        'mask-maps': chain.maskMaps,
        'cells-without-constants': outcome?.cellsWithoutConstants ?? [],
        // Whoever reads the file is in another folder.
        sequences:
          outcome?.sequences.map(({ pixels: _, ...each }) => ({ ...each, input: resolve(each.input) })) ?? [],
      },
    }
  })
  const planned = new Set<number>(plan.modules.map(({ module }) => module))
  const left = plan.problems.flatMap(({ place: { module, file }, message, severity }) =>
    module === undefined || planned.has(module) || severity !== 'error'
      ? []
      : [{ module, reason: file === undefined ? message : `${file}: ${message}` }],
  )
  const notCorrected = [...grouped(left, ({ module }) => module)].map(([module, reasons]) => ({
    module,
    pdu: undefined,
    constants: new Map(),
    outcome: { status: 'not corrected', reason: reasons.map(({ reason }) => reason).join('; ') },
  }))
  return {
    detector,
    karaboId: run.karaboId,
    input: run.path,
    provenance,
    modules: [...corrected, ...notCorrected],
  }
}
