import { join } from 'node:path'
import { onlySequences } from '../engine/plan/plan.js'
import type { CorrectionOutcome } from '../engine/run/outcome.js'
import { type ExecutionOptions, executeCorrection, prepareCorrection } from '../engine/run/prepare.js'
import { software } from '../files/version.js'
import { DataError } from '../model/errors.js'
import { given } from '../model/given.js'
import type { JobTask } from './job-files.js'
import { filesOf, readPlan } from './plan-job.js'
import { runFolders } from './run-key.js'

/** What a part tells of what it did. */
export interface PartOutcome
  extends Pick<
    CorrectionOutcome,
    'modules' | 'problems' | 'frames' | 'seconds' | 'peakMemory' | 'modulePhases'
  > {
  /** Which build made its files. */
  readonly software: string
}

/**
 * Corrects one part of a request. Its files are those that a correction of the whole run writes; what an earlier attempt
 * has finished is kept, and what else is there is replaced.
 * @throws DataError if the RAW files have changed since they were planned; else as {@link executeCorrection}.
 */
export async function correctJob(
  folder: string,
  name: string,
  task: JobTask,
  options: Pick<ExecutionOptions, 'cache' | 'signal'> & { readonly say?: (line: string) => void },
): Promise<PartOutcome> {
  const plan = readPlan(folder)
  const part = plan.parts.find(each => each.name === name)
  const planned = plan.detectors.find(({ karaboId }) => karaboId === part?.karaboId)
  if (part === undefined || planned === undefined)
    throw new DataError(`the plan has no part ${name}`, { place: { file: folder } })
  requireUnchanged(runFolders(task.root, task.run).raw, plan.files)
  const { say, ...executing } = options
  const { signal } = executing
  const machine = given({ workers: task.workers, memory: task.memory, signal })
  const prepared = await prepareCorrection(planned.request, machine)
  const plannedPart = onlySequences(prepared.plan, part.sequences)
  const onProgress = seldom(done => say?.(`${done} of ${plannedPart.totals.frames} module frames`))
  const { modules, problems, frames, seconds, peakMemory, modulePhases } = await executeCorrection(
    { ...prepared, plan: plannedPart, provenance: planned.provenance },
    {
      ...executing,
      onProgress,
      overwrite: true,
      resume: true,
      part: `${task.id}-${name}`,
      created: task.created,
    },
  )
  return { software: software(), modules, problems, frames, seconds, peakMemory, modulePhases }
}

function requireUnchanged(raw: string, files: Readonly<Record<string, string>>): void {
  const now = filesOf(Object.keys(files).map(name => join(raw, name)))
  const changed = Object.keys(files).find(name => now[name] !== files[name])
  if (changed === undefined) return
  throw new DataError('has changed since the run was planned', {
    place: { file: join(raw, changed) },
    hint: 'Ask for the run anew when it is complete',
  })
}

/** ms between lines of a log that say how far a job is. */
const TELL_EVERY = 2000

function seldom(tell: (done: number) => void): (done: number) => void {
  let told = performance.now()
  return done => {
    if (performance.now() - told < TELL_EVERY) return
    told = performance.now()
    tell(done)
  }
}
