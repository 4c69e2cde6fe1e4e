import type { OutputFolder } from '../../files/output-folder.js'
import type { ImageOutput } from '../../sinks/image/image-output.js'
import type { Provenance } from '../../sinks/metadata/provenance.js'
import type { PhaseTotals } from '../contract/phase-times.js'
import type { CorrectionPlan } from '../plan/plan.js'
import type { Engine } from '../threads/engine.js'
import type { RunStop } from '../threads/job.js'
import type { OnBlock } from './block-jobs.js'
import type { CacheUse } from './cache-use.js'

/** What all modules of a run share. */
export interface RunContext {
  readonly plan: CorrectionPlan
  readonly engine: Engine
  readonly folder: OutputFolder
  readonly combined: ImageOutput | undefined
  readonly provenance: Provenance
  readonly phases: PhaseTotals
  /** CORR files that an earlier attempt has finished: they are kept. */
  readonly finished: ReadonlySet<string>
  /** The constants cache, if one is used. */
  readonly cache: CacheUse | undefined
  readonly stop: RunStop
  readonly onBlock: OnBlock
}
