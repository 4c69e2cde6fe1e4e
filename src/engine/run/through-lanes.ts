import type { Lane } from '../../memory/lane.js'
import type { LaneLayout } from '../../memory/lane-layout.js'
import { StoppedError } from '../../model/interruptions.js'
import type { Engine } from '../threads/engine.js'
import type { RunStop } from '../threads/job.js'

/** Hands out modules, each once. */
export class ModuleQueue<Module> {
  readonly #waiting: Module[]

  constructor(modules: readonly Module[]) {
    this.#waiting = [...modules]
  }

  next(): Module | undefined {
    return this.#waiting.shift()
  }
}

/**
 * Takes modules through lanes of the engine side by side: `through` takes modules from the queue, one after the other,
 * through its lane. Batch correction and dark characterisation both go this way.
 *
 * @returns what the lanes gave, in order of modules. @throws the first failure, once all lanes have come to rest: nobody
 * writes to a file that is given up. @throws StoppedError if the run was stopped.
 */
export async function throughLanes<Module, Outcome extends { readonly module: number }>(
  modules: readonly Module[],
  { count, layout }: { readonly count: number; readonly layout: LaneLayout },
  { engine, stop }: { readonly engine: Engine; readonly stop: RunStop },
  through: (lane: Lane, queue: ModuleQueue<Module>) => Promise<readonly Outcome[]>,
): Promise<Outcome[]> {
  const queue = new ModuleQueue(modules)
  const lanes = engine.lanes.lend(count, layout)
  const results = await Promise.allSettled(lanes.map(lane => through(lane, queue)))
  engine.lanes.giveBack(lanes)
  const outcomes = results.flatMap(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
  if (stop.signal.aborted) throw new StoppedError()
  return outcomes.sort((a, b) => a.module - b.module)
}
