import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { agipdWords } from '../../src/kits/agipd/params.js'
import { Lane, type LaneHandle } from '../../src/memory/lane.js'
import { type LaneLayout, laneLayout, slotOffset } from '../../src/memory/lane-layout.js'
import { writeParams } from '../../src/wasm/kernels.js'
import { type Result, resultOf, type Sample } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import { percent, type SuiteOptions } from '../suite.js'
import { makeWorkload, PARAMS, PIXELS, PLANES, sizeOf, TILE, type Workload } from './workload.js'

const SHARE = 0.004

/** Bytes that have to be moved a pixel: raw 4, data 4. */
const BYTES = 8

/** What a worker thread gets: a lane whose slot `slot` holds the frames that are its own. */
export interface ScalingTask {
  readonly lane: LaneHandle
  readonly slot: number
  /** Cell of each of the slot's frames. */
  readonly cells: Uint16Array
}

/** Asks for `passes` over the slot. */
export interface ScalingRequest {
  readonly passes: number
}

/** Kernel and deflate on lanes, no file in sight, with 1 … N threads. */
export async function scaling(options: SuiteOptions): Promise<Result[]> {
  const { seed, rounds, quick, workers, onProgress } = options
  const { cells, trains } = sizeOf(options)
  const workload = makeWorkload(cells, trains, SHARE, seed)
  const team = new Team(workload, workers)
  const name = `kernel and deflate, ${percent(SHARE)} switched`
  const task = { name, pixels: workload.pixels, bytesPerPixel: BYTES }
  try {
    await team.ready()
    const counts = workerCounts(workers)
    const contenders = counts.map(
      (count): Contender => ({
        implementation: `detcal, ${count} ${count === 1 ? 'thread' : 'threads'}`,
        run: passes => team.run(count, passes),
      }),
    )
    const [one, ...more] = contenders
    if (one === undefined) return []
    const series = await measure(one, more, {
      rounds,
      leastNs: quick ? 0 : 2e8,
      warmUp: true,
      onProgress: text => onProgress(`${name}: ${text}`),
    })
    // Ratios the other way round: how much faster than one thread; by processor time, as if nobody else were here.
    return series.map((entry, i) => {
      const { ratio = 1, cpuRatio = 1, ...result } = resultOf(task, entry)
      const threads = counts[i] ?? 0
      return {
        ...result,
        details: { threads, speedup: 1 / ratio, 'speedup by CPU time': threads / cpuRatio },
      }
    })
  } finally {
    await team.close()
  }
}

/** 1, 2, 4 … and `most`. */
function workerCounts(most: number): number[] {
  const counts: number[] = []
  for (let count = 1; count < most; count *= 2) counts.push(count)
  return [...counts, most]
}

/**
 * Threads for every count at once: the frames of the whole workload lie in one slot for a single thread, and once more
 * in equal shares for more of them.
 */
class Team {
  readonly #workload: Workload
  readonly #workers = new Map<number, Worker[]>()

  constructor(workload: Workload, most: number) {
    this.#workload = workload
    for (const count of workerCounts(most)) this.#workers.set(count, this.#start(count))
  }

  /** Resolves when all threads wait for work. */
  async ready(): Promise<void> {
    await Promise.all([...this.#workers.values()].flat().map(answer))
  }

  async run(count: number, passes: number): Promise<Sample> {
    const workers = this.#workers.get(count) ?? []
    const cpu = process.cpuUsage()
    const start = process.hrtime.bigint()
    const answers = workers.map(answer)
    for (const worker of workers) worker.postMessage({ passes } satisfies ScalingRequest)
    await Promise.all(answers)
    const ns = Number(process.hrtime.bigint() - start)
    const { user, system } = process.cpuUsage(cpu)
    return { ns: ns / passes, cpuNs: ((user + system) * 1000) / passes }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].flat().map(worker => worker.terminate()))
  }

  #start(count: number): Worker[] {
    const { frames, trains, cells } = this.#workload
    const tiles = Math.ceil(frames / TILE)
    const share = Math.ceil(tiles / count) * TILE
    const layout = laneLayout({
      pixels: PIXELS,
      cells,
      planes: PLANES,
      rawFrameBytes: 4 * PIXELS,
      slotRawFrames: share,
      slotFrames: TILE,
      slots: count,
    })
    const lane = Lane.allocate(layout)
    this.#fill(lane, layout, share)
    return Array.from({ length: count }, (_, slot) => {
      const first = slot * share
      const own = Math.max(0, Math.min(share, frames - first))
      const workerData: ScalingTask = {
        lane: lane.handle,
        slot,
        cells: Uint16Array.from({ length: own }, (_, i) => Math.floor((first + i) / trains)),
      }
      return new Worker(createRequire(import.meta.url).resolve('#workers/bench'), { workerData })
    })
  }

  #fill(lane: Lane, layout: LaneLayout, share: number): void {
    const { buffer } = lane.handle.memory
    const { constants, raw, frames } = this.#workload
    new Uint32Array(buffer, layout.constants).set(constants)
    writeParams(buffer, layout.params, PIXELS, agipdWords(PARAMS))
    for (let slot = 0; slot < layout.slots; slot++) {
      const [from, to] = [slot * share, Math.min(frames, (slot + 1) * share)]
      new Uint16Array(buffer, slotOffset(layout, slot) + layout.slot.raw).set(
        raw.subarray(from * 2 * PIXELS, to * 2 * PIXELS),
      )
    }
  }
}

/** The worker's next message. @throws what the worker threw. */
function answer(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', () => {
      worker.off('error', reject)
      resolve()
    })
    worker.once('error', reject)
  })
}
