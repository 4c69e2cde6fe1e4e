import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConstantsCache } from '../../constants/pack/cache.js'
import { kernelModule } from '../../src/corrections/kernel.js'
import { AGIPD_1M } from '../../src/detectors/agipd1m.js'
import { pixelsOf, rawFrameBytes } from '../../src/detectors/detector.js'
import { planLanes } from '../../src/engine/budget.js'
import { CacheUse } from '../../src/engine/cache-use.js'
import { WorkerPool } from '../../src/engine/pool.js'
import { ResidentConstants } from '../../src/engine/resident-constants.js'
import { LaneScheduler } from '../../src/engine/scheduler.js'
import { PhaseTotals } from '../../src/engine/statistics.js'
import { Lane } from '../../src/memory/lane.js'
import { makeFolders } from '../../src/model/folders.js'
import { type Result, resultOf } from '../result.js'
import { type Contender, measure, timeAwaited } from '../rounds.js'
import type { SuiteOptions } from '../suite.js'
import { type StoredModules, storedModules } from './constants-files.js'
import { plainReading } from './constants-reading.js'

const LANES_BYTES = 4 * 1024 ** 3

/**
 * Constants of many modules through the engine: from their files and from packs, beside plain reads of the same files
 * by as many threads. Everything is in the page cache, memory was touched before.
 */
export async function constantsIntoLanes(options: SuiteOptions, folder: string): Promise<Result[]> {
  const shapes = options.quick
    ? ([[2, 2]] as const)
    : ([
        [16, 32],
        [2, 352],
      ] as const)
  const results: Result[] = []
  for (const [modules, cells] of shapes) {
    const stored = await storedModules(modules, cells, options)
    const pool = await WorkerPool.start(options.workers, kernelModule())
    const loader = new Loader(stored, cells, pool, join(folder, `cache-${cells}`))
    try {
      results.push(...(await loader.measure(`${modules} modules × ${cells} cells`, options)))
    } finally {
      await loader.close()
    }
  }
  return results
}

/** Lanes and threads as a run has them, which load all modules one after the other. */
class Loader {
  readonly #stored: StoredModules
  readonly #cells: number
  readonly #workers: number
  readonly #planes: number
  readonly #folder: string
  readonly #lanes: readonly Lane[]
  readonly #pool: WorkerPool
  readonly #signal = new AbortController().signal
  #id = 0

  constructor(stored: StoredModules, cells: number, pool: WorkerPool, folder: string) {
    this.#stored = stored
    this.#cells = cells
    this.#workers = pool.size
    this.#folder = folder
    this.#planes = Math.max(...stored.modules.map(({ chain }) => chain.planes.length))
    const demand = {
      pixels: pixelsOf(AGIPD_1M),
      rawFrameBytes: rawFrameBytes(AGIPD_1M),
      cells,
      planes: this.#planes,
      modules: stored.modules.length,
    }
    const { count, layout } = planLanes(demand, pool.size, LANES_BYTES)
    this.#lanes = Array.from({ length: count }, (_, id) => Lane.allocate(id, layout))
    this.#pool = pool
    pool.use(this.#lanes.map(({ handle }) => handle))
    makeFolders(folder)
  }

  async measure(shape: string, { rounds, onProgress, signal }: SuiteOptions): Promise<Result[]> {
    const { files, bytes, modules } = this.#stored
    const pixels = modules.length * this.#cells * pixelsOf(AGIPD_1M)
    await this.#load('keep')
    const packs = readdirSync(this.#folder).map(name => join(this.#folder, name))
    const tasks = [
      { from: 'files', own: this.#contender('files'), paths: files, bytesPerPixel: bytes / pixels },
      { from: 'packs', own: this.#contender('packs'), paths: packs, bytesPerPixel: 4 * this.#planes },
    ] as const
    const results: Result[] = []
    for (const { from, own, paths, bytesPerPixel } of tasks) {
      const name = `constants from ${from}, ${shape}`
      const peers = (['into memory', 'through 8 MiB'] as const).map(where =>
        plainReading(paths, this.#workers, where),
      )
      try {
        const series = await measure(own, peers, {
          rounds,
          leastNs: 0,
          warmUp: true,
          onProgress: text => {
            signal.throwIfAborted()
            onProgress(`${name}: ${text}`)
          },
        })
        results.push(...series.map(one => resultOf({ name, pixels, bytesPerPixel }, one)))
      } finally {
        for (const peer of peers) await peer.close?.()
      }
    }
    return results
  }

  async close(): Promise<void> {
    await this.#pool.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #contender(from: 'files' | 'packs'): Contender {
    return {
      implementation: `detcal, ${this.#workers} workers`,
      note: from === 'files' ? 'into kernel layout' : 'with their checksums',
      run: passes => timeAwaited(passes, () => this.#load(from)),
    }
  }

  async #load(from: 'files' | 'packs' | 'keep'): Promise<void> {
    const queue = [...this.#stored.modules]
    const cache = from === 'files' ? undefined : new CacheUse(this.#cache())
    await Promise.all(
      this.#lanes.map(async lane => {
        for (let module = queue.shift(); module !== undefined; module = queue.shift()) {
          const scheduler = new LaneScheduler(lane, () => ++this.#id)
          const resident = new ResidentConstants(module, lane, scheduler, {
            detector: AGIPD_1M,
            pool: this.#pool,
            lanes: this.#lanes.length,
            phases: new PhaseTotals(),
            signal: this.#signal,
            software: 'bench',
            cache,
          })
          await resident.load()
          if (from === 'keep') await scheduler.run(resident.packJobs(), this.#signal)
          resident.close()
        }
      }),
    )
    const report = cache?.report()
    const all = this.#stored.modules.length
    if (report && report[from === 'keep' ? 'kept' : 'read'].length !== all)
      throw new Error(`the constants cache did not serve all modules: ${JSON.stringify(report)}`)
  }

  #cache(): ConstantsCache {
    return ConstantsCache.open({ folder: this.#folder, limit: 64 * 1024 ** 3, stated: true, always: true })
  }
}
