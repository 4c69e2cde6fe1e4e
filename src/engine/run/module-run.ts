import { pixelsOf } from '../../detectors/detector.js'
import type { Lane } from '../../memory/lane.js'
import { StoppedError } from '../../model/interruptions.js'
import { correctionOf, type ModulePlan } from '../plan/plan.js'
import { afterDispatch } from '../threads/after-dispatch.js'
import type { Job } from '../threads/job.js'
import { blockJobs } from './block-jobs.js'
import type { OpenAhead } from './open-ahead.js'
import type { Opened, SequenceOfModule } from './open-sequence.js'
import { failedSequence, type ModuleOutcome, moduleOutcome, type SequenceOutcome } from './outcome.js'
import { reductionJobs } from './reductions.js'
import { ResidentConstants } from './resident-constants.js'
import type { RunContext } from './run-context.js'
import type { SequenceRun } from './sequence-run.js'

/** A module that waits for a lane. */
export interface ModuleWork {
  readonly plan: ModulePlan
  readonly sequences: readonly SequenceOfModule[]
}

/** A module whose lane is free again; its files' ends may still be written. */
export interface ModuleInHand {
  readonly outcome: Promise<ModuleOutcome>
}

/**
 * Takes one module through one lane: constants in, then its sequences block by block without a gap, then constants into
 * the cache. README.md beside this file draws the pipeline.
 *
 * @param following called when the last sequence is in hand: the sequence that the lane will take next, if there is one.
 * @throws StoppedError once the run is stopped; every other failure is in the outcome.
 */
export async function throughLane(
  { plan, sequences: due }: ModuleWork,
  lane: Lane,
  run: RunContext,
  sequences: OpenAhead<SequenceOfModule, Opened>,
  following: () => SequenceOfModule | undefined,
): Promise<ModuleInHand> {
  const context = { ...run, phases: run.phases.of(plan.module) }
  const { engine, phases, onBlock } = context
  const { detector, lanes } = context.plan
  const correction = correctionOf(plan, pixelsOf(detector))
  const { software } = context.provenance
  const constants = new ResidentConstants(plan, lane, { ...context, detector, lanes: lanes.count, software })
  const outcomes: Promise<SequenceOutcome>[] = []

  async function* jobs(): AsyncGenerator<Job> {
    let before: Promise<void> | undefined
    for (const [i, key] of due.entries()) {
      const opened = await sequences.take(key)
      sequences.prepare(due[i + 1] ?? following())
      if ('over' in opened) outcomes.push(Promise.resolve(opened.over))
      else {
        // Pushed before the first block, so that stopping halfway still closes the file.
        outcomes.push(opened.run.drained.then(() => finish(opened.run, context)))
        try {
          if (correction.ofFile) {
            // Its tables replace those of the file before.
            await before
            yield* reductionJobs(opened.run, lane, { ...correction, ofFile: correction.ofFile }, context)
            before = opened.run.drained
          }
          yield* blockJobs(opened.run, opened.run, { engine, phases, onBlock, correction })
        } finally {
          opened.run.close()
        }
      }
    }
    yield* constants.packJobs()
  }

  let missingCells: readonly number[]
  try {
    sequences.prepare(due[0])
    missingCells = await constants.load()
  } catch (error) {
    await giveUp(await sequences.rest(), error)
    if (error instanceof StoppedError) throw error
    const failed = plan.sequences.map(({ joined: { file, trains, frames } }) =>
      failedSequence(file.path, trains.length, frames, error),
    )
    return { outcome: Promise.resolve(moduleOutcome(plan.module, failed, [])) }
  }
  const all = jobs()
  try {
    await engine.dispatcher.run(lane, all, context.stop)
  } catch (error) {
    // A sequence may be on its way to be opened still: its files are given up with the others.
    await all.return(undefined)
    await giveUp(await sequences.rest(), error)
    await Promise.allSettled(outcomes)
    throw error
  } finally {
    constants.close()
  }
  const outcome = Promise.all(outcomes).then(all => moduleOutcome(plan.module, all, missingCells))
  return { outcome }
}

async function finish(run: SequenceRun, { stop, phases }: RunContext): Promise<SequenceOutcome> {
  await afterDispatch()
  if (stop.signal.aborted) run.fail(new StoppedError())
  const start = process.hrtime.bigint()
  const outcome = await run.finish()
  phases.add('finish', Number(process.hrtime.bigint() - start), 0)
  return outcome
}

/** Leaves nothing of a sequence that was opened and is not corrected. */
async function giveUp(opened: Opened | undefined, error: unknown): Promise<void> {
  if (opened === undefined || 'over' in opened) return
  opened.run.fail(error)
  await opened.run.finish()
}
