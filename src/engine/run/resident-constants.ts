import type { OpenPack, PackWriter } from '../../../constants/cache/cache.js'
import { CHECKSUM_WORDS, type PackHeader, type PackShape } from '../../../constants/cache/header.js'
import { packKey } from '../../../constants/cache/key.js'
import { calibrationsOf } from '../../corrections/planes.js'
import type { Lane } from '../../memory/lane.js'
import { PARAMS_BYTES, writeParams } from '../../wasm/kernels.js'
import type { Assignment } from '../contract/assignment.js'
import { markNoisyBlocks, type PackTask, readPack, writePack } from '../contract/operations.js'
import type { ModulePlan } from '../plan/plan.js'
import type { Job } from '../threads/job.js'
import type { CacheUse } from './cache-use.js'
import { type LoadContext, loadFromFiles, loadingJobs } from './load-constants.js'

/** What bringing constants into a lane needs of the engine. */
export interface ResidentContext extends LoadContext {
  readonly software: string
  readonly cache: CacheUse | undefined
}

/** Cells of one job that looks for noisy blocks. */
const CELLS_MARKED = 16
/** Planes of one job that writes a pack: blocks of other modules do not wait long for a worker. */
const PLANES_WRITTEN = 32
/** Least planes of one job that reads a pack: handing a job to a worker takes as long as reading one or two. */
const PLANES_READ = 128

/**
 * One module's constants in its lane: read from the pack in the constants cache where there is a sound one, else
 * loaded from their files, and packed for the next time while the last blocks are corrected.
 */
export class ResidentConstants {
  readonly #module: ModulePlan
  readonly #lane: Lane
  readonly #context: ResidentContext
  readonly #shape: PackShape
  /** The pack to be made of what is in the lane. */
  #wanted: Pick<PackHeader, 'key' | 'missing'> | undefined
  #packing: Packing | undefined

  constructor(module: ModulePlan, lane: Lane, context: ResidentContext) {
    this.#module = module
    this.#lane = lane
    this.#context = context
    const { cells, chain } = module
    this.#shape = {
      cells: cells.length,
      planes: chain.planes.length,
      planeBytes: 4 * lane.handle.layout.pixels,
    }
  }

  /**
   * Fills the lane and tells the kernel its parameters.
   * @returns cells that not all of the constants have.
   * @throws ConstantsError naming file, dataset and module. @throws StoppedError
   */
  async load(): Promise<readonly number[]> {
    const { chain, cells } = this.#module
    const { memory, layout } = this.#lane.handle
    this.#lane.renewConstants()
    writeParams(memory.buffer, layout.params, layout.pixels, chain.params)
    if (chain.finishing)
      writeParams(memory.buffer, layout.params + PARAMS_BYTES, layout.pixels, chain.finishing.params)
    // Invalidate the deflated masks of the module before.
    for (let cell = 0; cell < layout.cells; cell++)
      new Uint32Array(memory.buffer, layout.masks + cell * layout.maskBytes, 1).fill(0)
    const key = this.#key()
    const found = key === undefined ? undefined : await this.#readPack(key)
    if (found) return found.missing.map(position => cells[position] ?? 0)

    const load = await loadFromFiles(this.#module, this.#context)
    await this.#context.engine.dispatcher.run(this.#lane, load.jobs(), this.#context.stop)
    const missing = load.finish()
    if (chain.planes.some(plane => plane.kind === 'bad-pixels' && plane.noisyShare !== undefined))
      await this.#markNoisy()
    // Only if the files have been the same all the while.
    if (key !== undefined && key === this.#key())
      this.#wanted = { key, missing: missing.map(cell => cells.indexOf(cell)) }
    return missing
  }

  /** Step `noisy-adc` is part of the masks: what it takes is all of a plane. */
  async #markNoisy(): Promise<void> {
    const { engine, stop, detector } = this.#context
    const { chain, cells } = this.#module
    let failure: unknown
    async function* jobs(): AsyncGenerator<Job> {
      for (let first = 0; first < cells.length; first += CELLS_MARKED) {
        const range: [number, number] = [first, Math.min(cells.length, first + CELLS_MARKED)]
        yield {
          name: `noisy blocks of cells ${range.join(' to ')}`,
          run: assignment =>
            engine.pool.run(markNoisyBlocks, { ...assignment, planes: chain.planes, cells: range, detector }),
          failed: error => {
            failure ??= error
          },
        }
      }
    }
    await engine.dispatcher.run(this.#lane, jobs(), stop)
    if (failure !== undefined) throw failure
  }

  /** Jobs that pack what is in the lane, to be run after the module's blocks. */
  async *packJobs(): AsyncGenerator<Job> {
    const { cache } = this.#context
    const { module, sequences } = this.#module
    if (cache === undefined || this.#wanted === undefined) return
    const frames = sequences.reduce((sum, { joined }) => sum + joined.frames, 0)
    const work = frames * this.#lane.handle.layout.rawFrameBytes
    const writer = cache.cache.create(this.#wanted.key, this.#shape, work)
    if (typeof writer === 'string') {
      cache.note(module, writer)
      return
    }
    const { cells, planes } = this.#shape
    const checksums = new Uint32Array(cells * planes * CHECKSUM_WORDS)
    const packing = {
      writer,
      header: { ...this.#wanted, shape: this.#shape, checksums },
      left: cells * planes,
    }
    this.#packing = packing
    yield* this.#jobs('packing constants', PLANES_WRITTEN, {
      run: async range => {
        if (this.#packing?.error !== undefined) return
        const { checksums: made, times } = await this.#context.engine.pool.run(
          writePack,
          this.#task(range, writer),
        )
        checksums.set(made, range.first * CHECKSUM_WORDS)
        packing.left -= range.count
        this.#context.phases.merge(times)
      },
      failed: error => {
        if (this.#packing) this.#packing.error ??= error
      },
    })
  }

  /** Publishes the pack if all of it was written; to be called when no job is in flight any more. */
  close(): void {
    const { cache } = this.#context
    const packing = this.#packing
    this.#packing = undefined
    if (cache === undefined || packing === undefined) return
    const { module } = this.#module
    let { error } = packing
    if (packing.left > 0) packing.writer.discard()
    else {
      try {
        packing.writer.publish(packing.header)
        cache.kept(module)
      } catch (cause) {
        error = cause
      }
    }
    if (error !== undefined)
      cache.note(module, `not packed: ${error instanceof Error ? error.message : String(error)}`)
  }

  /** Name of the pack; undefined: there is no cache, or the files are not what the catalogue says. */
  #key(): string | undefined {
    const { software, detector, cache } = this.#context
    if (cache === undefined) return undefined
    const { chain, cells, constants } = this.#module
    const used = calibrationsOf(chain.planes).flatMap(name => constants.constants.get(name) ?? [])
    const { kernel, planes } = chain
    return packKey({ detector: detector.id, kernel, planes, cells, constants: used, software })
  }

  /** @returns the header, if the lane now holds the pack. */
  async #readPack(key: string): Promise<PackHeader | undefined> {
    const { cache, engine, phases, stop } = this.#context
    const { module } = this.#module
    const pack = cache?.cache.find(key, this.#shape)
    if (cache === undefined || pack === undefined) return undefined
    if (pack === 'damaged') {
      cache.damaged(module, key, 'its header is not that of this pack')
      return undefined
    }
    let damage: string | undefined
    let failure: unknown
    const planes = this.#shape.cells * this.#shape.planes
    const share = Math.max(PLANES_READ, Math.ceil(planes / loadingJobs(this.#context)))
    const jobs = this.#jobs('reading packed constants', share, {
      run: async range => {
        const { first, count } = range
        const checksums = pack.header.checksums.slice(
          first * CHECKSUM_WORDS,
          (first + count) * CHECKSUM_WORDS,
        )
        const result = await engine.pool.run(readPack, { ...this.#task(range, pack), checksums })
        phases.merge(result.times)
        damage ??= result.damage
      },
      failed: error => {
        failure ??= error
      },
    })
    try {
      await engine.dispatcher.run(this.#lane, jobs, stop)
    } finally {
      pack.close()
    }
    if (damage !== undefined) cache.damaged(module, key, damage)
    else if (failure !== undefined) cache.note(module, `its pack could not be read: ${String(failure)}`)
    else {
      cache.read(module)
      return pack.header
    }
    return undefined
  }

  async *#jobs(name: string, planesPerJob: number, { run, failed }: RangeJob): AsyncGenerator<Job> {
    const planes = this.#shape.cells * this.#shape.planes
    for (let first = 0; first < planes; first += planesPerJob) {
      const count = Math.min(planesPerJob, planes - first)
      yield {
        name: `module ${this.#module.module}, ${name}`,
        run: assignment => run({ ...assignment, first, count }),
        failed,
      }
    }
  }

  #task(range: PlaneRange, { fd, payload }: Pick<OpenPack, 'fd' | 'payload'>): PackTask {
    return { ...range, fd, payload, planeBytes: this.#shape.planeBytes }
  }
}

/** A pack that is being written. */
interface Packing {
  readonly writer: PackWriter
  readonly header: PackHeader
  /** Planes that are not written yet. */
  left: number
  error?: unknown
}

interface PlaneRange extends Assignment {
  readonly first: number
  readonly count: number
}

interface RangeJob {
  readonly run: (range: PlaneRange) => Promise<void>
  readonly failed: (error: unknown) => void
}
