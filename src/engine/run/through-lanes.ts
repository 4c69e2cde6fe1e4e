import type { Lane } from '../../memory/lane.js'

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
 * Takes modules through lanes side by side: `through` takes modules from the queue, one after the other, through its lane.
 * Batch correction and dark characterisation both go this way.
 *
 * @returns what the lanes gave, in order of modules. @throws the first failure, once all lanes have come to rest: nobody
 * writes to a file that is given up.
 */
export async function throughLanes<Module, Outcome extends { readonly module: number }>(
  modules: readonly Module[],
  lanes: readonly Lane[],
  through: (lane: Lane, queue: ModuleQueue<Module>) => Promise<readonly Outcome[]>,
): Promise<Outcome[]> {
  const queue = new ModuleQueue(modules)
  const results = await Promise.allSettled(lanes.map(lane => through(lane, queue)))
  const outcomes = results.flatMap(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
  return outcomes.sort((a, b) => a.module - b.module)
}
