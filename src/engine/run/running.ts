import { StoppedError } from '../../model/interruptions.js'
import type { DeviceUse } from '../contract/device.js'
import type { PlanTotals } from '../plan/plan.js'
import { Engine } from '../threads/engine.js'
import { RunStop } from '../threads/job.js'
import { GuardedProgress } from './guarded-progress.js'

/** How a plan is executed, whatever it is. */
export interface RunOptions {
  readonly signal?: AbortSignal
  /**
   * Called after every piece of work with what is done so far. Once it has thrown it is not called again: the run goes on,
   * and the outcome has a warning.
   */
  readonly onProgress?: (done: number) => void
  /** Threads and lanes lent to the run, still open afterwards; absent: the run starts its own. */
  readonly engine?: Engine
  /** Whether the run's own threads have a GPU beside them; absent: they do not. */
  readonly device?: DeviceUse
}

/** What a run had to do, and what it took. */
export interface RunCost extends Pick<PlanTotals, 'frames' | 'rawBytes'> {
  readonly seconds: number
  /** Most resident memory the process had, bytes. */
  readonly peakMemory: number
}

/** What a run works with. */
export interface Running {
  readonly stop: RunStop
  readonly progress: GuardedProgress
  /** The engine that was lent, else the run's own, which starts now. */
  readonly engine: () => Promise<Engine>
  /** Lets the run's own threads end while the rest is done. */
  readonly endThreads: () => void
}

/**
 * Executes a plan by `work`, into what `open` opens. Whatever comes of it, threads of its own have ended and the output is
 * closed afterwards. Batch correction and dark characterisation both go this way.
 * @throws StoppedError if `signal` is aborted already; what `open` and `work` throw.
 */
export async function running<Output extends { close(): void }, Outcome extends object>(
  plan: { readonly workers: number; readonly totals: PlanTotals },
  { signal, onProgress, engine, device = 'cpu' }: RunOptions,
  open: () => Output,
  work: (output: Output, run: Running) => Promise<Outcome>,
): Promise<Outcome & RunCost> {
  const start = performance.now()
  if (signal?.aborted) throw new StoppedError()
  const output = open()
  const stop = new RunStop(signal)
  let own: Engine | undefined
  try {
    const outcome = await work(output, {
      stop,
      progress: new GuardedProgress(onProgress),
      engine: async () => {
        own = engine ? undefined : await Engine.start({ workers: plan.workers, device })
        return engine ?? (own as Engine)
      },
      endThreads: () => void own?.close(),
    })
    await own?.close()
    return {
      frames: plan.totals.frames,
      rawBytes: plan.totals.rawBytes,
      ...outcome,
      seconds: (performance.now() - start) / 1000,
      peakMemory: process.resourceUsage().maxRSS * 1024,
    }
  } finally {
    stop.end()
    await own?.close()
    output.close()
  }
}
