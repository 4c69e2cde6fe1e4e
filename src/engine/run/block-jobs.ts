import type { ModuleCorrection } from '../contract/block-task.js'
import type { Block, FrameSink, FrameSource } from '../contract/frames.js'
import { correctBlock } from '../contract/operations.js'
import type { PhaseTotals } from '../contract/phase-times.js'
import { SlotViews } from '../contract/slot-views.js'
import type { Engine } from '../threads/engine.js'
import type { Job } from '../threads/job.js'

/** Is told of a block that is done: its frames, why correctors gave up on the way, and how many frames a device corrected. */
export type OnBlock = (frames: number, handedOver: readonly string[], onDevice: number) => void

/** What is common to all blocks of a module. */
export interface BlockContext {
  readonly engine: Pick<Engine, 'pool'>
  readonly correction: ModuleCorrection
  readonly phases: PhaseTotals
  /** Told of every block that is done. */
  readonly onBlock: OnBlock
}

/**
 * Jobs that take the blocks of `source` through slots into `sink`: filled, corrected on a thread, held until the sink has
 * taken them. What cannot be corrected is lost to the sink, which is told why.
 */
export async function* blockJobs<B extends Block>(
  source: FrameSource<B>,
  sink: FrameSink<B>,
  context: BlockContext,
): AsyncGenerator<Job> {
  for await (const block of source.blocks()) yield blockJob(block, sink, context)
}

function blockJob<B extends Block>(block: B, sink: FrameSink<B>, context: BlockContext): Job {
  const { engine, correction, phases, onBlock } = context
  let take: ((slot: number) => Promise<void>) | undefined
  return {
    name: `module ${correction.module}, a block of ${block.cells.length} frames`,
    order: block.order ?? 0,
    run: async assignment => {
      const views = new SlotViews(assignment.lane, assignment.slot)
      const result = await engine.pool.run(correctBlock, {
        ...assignment,
        ...correction,
        cells: block.cells,
        ...(correction.ofFile && block.images && { images: block.images }),
        input: block.fill(views),
        output: sink.output(block),
      })
      take = async () => {
        await sink.take(block, result, views)
        phases.merge(result.times)
        onBlock(block.cells.length, result.handedOver, result.onDevice)
      }
    },
    held: async slot => take?.(slot),
    failed: error => sink.lose(block, error),
  }
}
