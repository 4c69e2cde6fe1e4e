import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConstantsCache } from '../../constants/cache/cache.js'
import { pixelsOf, rawFrameBytes } from '../../src/detectors/detector.js'
import { PhaseTotals } from '../../src/engine/contract/phase-times.js'
import { planLanes } from '../../src/engine/plan/budget.js'
import { CacheUse } from '../../src/engine/run/cache-use.js'
import { ResidentConstants } from '../../src/engine/run/resident-constants.js'
import { Engine } from '../../src/engine/threads/engine.js'
import { RunStop } from '../../src/engine/threads/job.js'
import { makeFolders } from '../../src/files/folders.js'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import type { Lane } from '../../src/memory/lane.js'
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
    const engine = await Engine.start(options)
    const loader = new Loader(stored, cells, engine, join(folder, `cache-${cells}`))
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
  readonly #engine: Engine
  readonly #stop = new RunStop()

  constructor(stored: StoredModules, cells: number, engine: Engine, folder: string) {
    this.#stored = stored
    this.#cells = cells
    this.#workers = engine.pool.size
    this.#folder = folder
    this.#planes = Math.max(...stored.modules.map(({ chain }) => chain.planes.length))
    const demand = {
      pixels: pixelsOf(AGIPD_1M),
      rawFrameBytes: rawFrameBytes(AGIPD_1M),
      cells,
      planes: this.#planes,
      modules: stored.modules.length,
    }
    const { count, layout } = planLanes(demand, engine.pool.size, LANES_BYTES)
    this.#lanes = engine.lanes.lend(count, layout)
    this.#engine = engine
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
    await this.#engine.close()
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
          const resident = new ResidentConstants(module, lane, {
            detector: AGIPD_1M,
            engine: this.#engine,
            stop: this.#stop,
            lanes: this.#lanes.length,
            phases: new PhaseTotals(),
            software: 'bench',
            cache,
          })
          await resident.load()
          if (from === 'keep') await this.#engine.dispatcher.run(lane, resident.packJobs(), this.#stop)
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
