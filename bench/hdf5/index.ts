import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '../../src/files/folders.js'
import { copyContender } from '../copy.js'
import { dataset } from '../dataset.js'
import { detcalKernel } from '../kernels/detcal.js'
import { makeWorkload, PIXELS, type Results } from '../kernels/workload.js'
import { findPython, PEERS, Peer, peerContender } from '../peer.js'
import { type Result, resultOf, type Task } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import { percent, type SuiteOptions, SWITCHED } from '../suite.js'
import { constantsIntoLanes } from './constants-lanes.js'
import { loading, storedConstants } from './constants-loading.js'
import { runsDeflating, zlibDeflating } from './deflating.js'
import { BATCH, directReading, libraryReading, rawDataset } from './raw-reading.js'
import { directWriting, libraryWriting, placeFrames } from './writing.js'

/** Share of switched pixels of the frames that are read and written. */
const SHARE = 0.004

/** The HDF5 paths: raw frames in, results out, deflate, constants. Files are in the page cache. */
export async function benchHdf5(options: SuiteOptions): Promise<Result[]> {
  const folder = join(options.scratch, `hdf5-${process.pid}`)
  makeFolders(folder)
  const python = findPython('h5py', 'numpy')
  const peer = python === undefined ? undefined : new Peer(python, [join(PEERS, 'hdf5.py')])
  const bench = new Hdf5Bench(options, folder, peer)
  try {
    return [
      ...(await bench.reading()),
      ...(await bench.writing()),
      ...(await bench.deflating()),
      ...(await bench.constants()),
      ...(await constantsIntoLanes(options, folder)),
    ]
  } finally {
    peer?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Hdf5Bench {
  readonly #options: SuiteOptions
  readonly #folder: string
  readonly #peer: Peer | undefined

  constructor(options: SuiteOptions, folder: string, peer: Peer | undefined) {
    this.#options = options
    this.#folder = folder
    this.#peer = peer
  }

  async reading(): Promise<Result[]> {
    const { rawFiles, frames, pixels } = await this.#run()
    const [file = ''] = rawFiles
    const path = rawDataset(0)
    return this.#measure({ name: 'read raw frames', pixels, bytesPerPixel: 8 }, [
      directReading(file, path),
      libraryReading(file, path, frames),
      ...this.#python(['read', BATCH, path, file], 'h5py', 'read_direct'),
    ])
  }

  async writing(): Promise<Result[]> {
    const { results, frames } = await this.#results(SHARE)
    const file = join(this.#folder, 'written')
    const name = `write data, gain and mask, ${percent(SHARE)} switched`
    return this.#measure({ name, pixels: results.gain.length, bytesPerPixel: KERNEL_OUTPUT }, [
      directWriting(frames, file),
      libraryWriting(results, file),
      ...this.#python(['write', file], 'h5py', 'gzip 1'),
    ])
  }

  async deflating(): Promise<Result[]> {
    const all: Result[] = []
    for (const share of SWITCHED) {
      const { results, frames } = await this.#results(share)
      const name = `deflate gain and mask, ${percent(share)} switched`
      all.push(
        ...(await this.#measure({ name, pixels: results.gain.length, bytesPerPixel: PACKED_INPUT }, [
          runsDeflating(frames),
          zlibDeflating(frames),
          ...this.#python(['deflate'], 'Python zlib', 'level 1'),
        ])),
      )
    }
    return all
  }

  async constants(): Promise<Result[]> {
    const { catalogue, cells } = await this.#run()
    const file = readdirSync(catalogue, { recursive: true, encoding: 'utf8' }).find(path =>
      path.endsWith('.h5'),
    )
    if (file === undefined) throw new Error(`${catalogue} holds no constants`)
    const stored = await storedConstants(join(catalogue, file), cells)
    const pdu = [...stored.sources.values()][0]?.place.dataset.split('/')[1] ?? ''
    const pixels = cells * PIXELS
    const name = 'load constants, a pixel of a cell'
    return this.#measure({ name, pixels, bytesPerPixel: (2 * stored.bytes) / pixels }, [
      loading(stored),
      ...this.#python(['constants', stored.file, pdu], 'h5py', 'transposed by numpy'),
    ])
  }

  /** A run of one module: its frames and its constants both exceed the cache. */
  #run(): ReturnType<typeof dataset> {
    const { quick, cache } = this.#options
    const frames = Math.ceil((4 * cache) / (4 * PIXELS))
    const cells = quick ? 2 : 64
    const trains = quick ? 2 : Math.max(8, Math.ceil(frames / cells))
    return dataset({ modules: 1, cells, trains, switched: SHARE }, this.#options)
  }

  /** Corrected frames, in memory for detcal and handed to the Python peer. */
  async #results(share: number): Promise<{ results: Results; frames: ReturnType<typeof placeFrames> }> {
    const { quick, seed } = this.#options
    const workload = makeWorkload(quick ? 1 : 16, quick ? 8 : 16, share, seed)
    const kernel = detcalKernel(workload)
    await kernel.run(1)
    const results = await kernel.results()
    const shared = join(this.#folder, 'results')
    for (const [i, { buffer, byteOffset, byteLength }] of [
      results.data,
      results.gain,
      results.mask,
    ].entries())
      writeFileSync(shared, new Uint8Array(buffer, byteOffset, byteLength), { flag: i === 0 ? 'w' : 'a' })
    await this.#peer?.ask('load', workload.frames, PIXELS, shared)
    rmSync(shared)
    return { results, frames: placeFrames(results) }
  }

  #python(
    words: readonly [string, ...(string | number)[]],
    implementation: string,
    note: string,
  ): Contender[] {
    return this.#peer === undefined ? [] : [peerContender(this.#peer, words, implementation, note)]
  }

  async #measure(
    task: Task & { bytesPerPixel: number },
    contenders: readonly Contender[],
  ): Promise<Result[]> {
    const { rounds, quick, signal, onProgress } = this.#options
    const [own, ...peers] = contenders
    if (own === undefined) return []
    const copy = copyContender(task.bytesPerPixel * task.pixels)
    const series = await measure(own, [...peers, copy], {
      rounds,
      leastNs: quick ? 0 : 1e8,
      warmUp: true,
      onProgress: text => {
        signal.throwIfAborted()
        onProgress(`${task.name}: ${text}`)
      },
    })
    const last = series.at(-1)
    const bound = last && resultOf(task, last)
    return series.map(one => resultOf(bound === undefined ? task : { ...task, bound }, one))
  }
}

/** Bytes a pixel that writing moves: data, read and written; gain and mask are read once, their streams are small. */
const KERNEL_OUTPUT = 4 + 4 + 1 + 4
/** Bytes a pixel that deflate reads. */
const PACKED_INPUT = 5
