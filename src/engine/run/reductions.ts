import { ASIC_SIDE } from '../../corrections/common-mode.js'
import type { Lane } from '../../memory/lane.js'
import { grouped } from '../../model/grouped.js'
import type { ModuleCorrection, OfFile } from '../contract/block-task.js'
import { reduce } from '../contract/operations.js'
import type { Job } from '../threads/job.js'
import { InFlight } from './in-flight.js'
import type { RunContext } from './run-context.js'
import type { SequenceRun } from './sequence-run.js'

/** Workspaces of a lane, each for one task at a time. */
class Workspaces {
  readonly #free: number[]
  readonly #waiting: ((workspace: number) => void)[] = []

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, i) => i)
  }

  async use<T>(work: (workspace: number) => Promise<T>): Promise<T> {
    const workspace =
      this.#free.shift() ?? (await new Promise<number>(resolve => this.#waiting.push(resolve)))
    try {
      return await work(workspace)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(workspace)
      else this.#free.push(workspace)
    }
  }
}

/**
 * Jobs that look at all images of a file before the first is corrected, and at the end the wait for them: what comes from
 * the generator afterwards finds the tables complete. What fails is the sequence's failure, whose blocks are not made then.
 */
export async function* reductionJobs(
  run: SequenceRun,
  lane: Lane,
  correction: ModuleCorrection & { readonly ofFile: OfFile },
  { engine, phases, plan }: Pick<RunContext, 'engine' | 'phases' | 'plan'>,
): AsyncGenerator<Job> {
  const { finishing, ofFile } = correction
  if (finishing === undefined) return
  const { slowScan, fastScan } = plan.detector
  const workspaces = new Workspaces(lane.handle.layout.reduction?.workspaces ?? 0)
  const inFlight = new InFlight()
  const byRow = grouped([...run.images()], ({ cell }) => ofFile.rows[cell] ?? 0)
  for (const [row, unsorted] of [...byRow].sort(([a], [b]) => a - b)) {
    const frames = unsorted.sort((a, b) => a.cell - b.cell || a.corrected - b.corrected)
    const rows = Float64Array.from(frames, frame => frame.row)
    const cells = Uint16Array.from(frames, frame => frame.cell)
    const images = Float64Array.from(frames, frame => frame.corrected)
    const input = run.inputOf(rows)
    for (let from = 0; from < slowScan && !run.failed; from += ASIC_SIDE) {
      const strip: [number, number] = [from, from + ASIC_SIDE]
      inFlight.enter()
      yield {
        name: `module ${correction.module}, common mode of rows ${from} to ${from + ASIC_SIDE - 1}`,
        run: async assignment => {
          await workspaces.use(async workspace => {
            if (run.failed) return
            const { times } = await engine.pool.run(reduce, {
              ...{
                ...assignment,
                ...correction,
                finishing,
                ofFile,
                input,
                rows,
                cells,
                images,
                row,
                workspace,
              },
              ...{ slowScan: strip, fastScan },
            })
            phases.merge(times)
          })
          inFlight.leave()
        },
        failed: error => {
          run.fail(error)
          inFlight.leave()
        },
      }
    }
  }
  inFlight.close()
  await inFlight.drained
}
