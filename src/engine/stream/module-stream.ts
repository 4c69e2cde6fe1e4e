import type { Lane } from '../../memory/lane.js'
import type { Block, FrameSink, FrameSource } from '../contract/frames.js'
import { correctionOf, type ModulePlan } from '../plan/plan.js'
import { blockJobs, type OnBlock } from '../run/block-jobs.js'
import { ResidentConstants, type ResidentContext } from '../run/resident-constants.js'

/** What taking a module's frames through a lane needs of the engine. */
export interface StreamContext extends ResidentContext {
  readonly onBlock?: OnBlock
  /** Told when the constants are in the lane, with the cells that not all of them have. */
  readonly onLoaded?: (missingCells: readonly number[]) => void
}

/**
 * Takes the frames of one module from any source to any sink: its constants are brought into `lane` once, then block
 * after block goes through a slot. Resolves when the source has ended and the sink has taken everything.
 *
 * @returns cell ids that not all of the constants have: frames of those are NaN with mask bit 3.
 * @throws ConstantsError naming file, dataset and module. @throws StoppedError once the run is stopped.
 */
export async function streamModule<B extends Block>(
  plan: ModulePlan,
  lane: Lane,
  source: FrameSource<B>,
  sink: FrameSink<B>,
  context: StreamContext,
): Promise<readonly number[]> {
  const constants = new ResidentConstants(plan, lane, context)
  try {
    const missingCells = await constants.load()
    context.onLoaded?.(missingCells)
    const jobs = blockJobs(source, sink, {
      engine: context.engine,
      phases: context.phases,
      correction: correctionOf(plan),
      onBlock: context.onBlock ?? (() => {}),
    })
    await context.engine.dispatcher.run(lane, jobs, context.stop)
    return missingCells
  } finally {
    constants.close()
  }
}
