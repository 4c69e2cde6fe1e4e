import { given } from '../../model/given.js'
import { correctedGroup, createCorrected } from '../../sinks/corr/corrected-file.js'
import type { ImageOutput } from '../../sinks/image/image-output.js'
import type { ModuleProvenance } from '../../sinks/metadata/provenance.js'
import type { FramePlaces } from '../plan/frames.js'
import type { ModulePlan, SequencePlan } from '../plan/plan.js'
import { DerivedColumns } from './derived-columns.js'
import { failedSequence, type SequenceOutcome } from './outcome.js'
import type { RunContext } from './run-context.js'
import { SequenceRun } from './sequence-run.js'
import { sparseDescription, sparseTarget } from './sparse-description.js'
import { SparseOutput } from './sparse-output.js'

/** A RAW file of a module. */
export interface SequenceOfModule {
  readonly plan: ModulePlan
  readonly sequence: SequencePlan
}

/** A sequence that was opened, or what became of it. */
export type Opened = { readonly run: SequenceRun } | { readonly over: SequenceOutcome }

/** Opens a RAW file and declares its CORR file, unless an earlier attempt has finished it; never throws. */
export async function openSequence(
  { plan, sequence }: SequenceOfModule,
  { plan: whole, folder, combined, provenance, finished, onBlock }: RunContext,
): Promise<Opened> {
  const { joined, output } = sequence
  const { detector, run, lanes } = whole
  const { litThreshold, sparse } = whole.derived
  let corrected: ImageOutput | undefined
  let lists: SparseOutput | undefined
  try {
    const isFinished = output !== undefined && finished.has(output)
    if (output !== undefined && !isFinished) {
      const module = moduleProvenance(plan)
      corrected = await createCorrected(folder, output, {
        ...{ joined, run, software: provenance, module },
        ...given({ pulses: whole.pulses }),
        litpx: litThreshold !== undefined,
        ...(sparse && { sparse: sparseDescription(sequence, plan, whole, sparse === 'beside') }),
      })
      if (sparse) lists = SparseOutput.open(folder, sparseTarget(corrected.images, sequence, plan, whole))
    }
    const places: FramePlaces = {
      module: plan.module,
      moduleCount: detector.moduleCount,
      cells: plan.cells,
      combinedFirst: whole.combined?.firstFrames,
    }
    const { rawFrames } = plan.chain
    const litpx = correctedGroup(run, joined, 'litpx')
    const derived = new DerivedColumns({
      ...given({ litThreshold, sparse: lists }),
      ...{ litpx, frames: joined.frames },
    })
    const outputs = { corrected, combined, dense: sparse !== 'only', derived }
    const opened = SequenceRun.open(sequence, places, outputs, lanes.block, rawFrames)
    if (!isFinished) return { run: opened }
    onBlock(joined.frames, [], 0)
    // Nobody has counted its pixels now.
    const { pixels: _, ...kept } = await opened.finish()
    return { over: kept }
  } catch (error) {
    corrected?.discard()
    lists?.close()
    return { over: failedSequence(joined.file.path, joined.trains.length, joined.frames, error) }
  }
}

/** What the CORR files of a module say of how they are made. */
export function moduleProvenance({ chain, constants }: ModulePlan): ModuleProvenance {
  const entries = [...constants.constants].map(([name, { path, dataset, sha256 }]) => [
    name,
    { file: path, dataset, sha256 },
  ])
  return { steps: chain.steps, constants: Object.fromEntries(entries) }
}
