import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { correct } from '../../src/engine/run/prepare.js'
import type { CorrectionRequest } from '../../src/engine/run/request.js'
import { makeFolders } from '../../src/files/folders.js'
import { median } from '../../src/model/median.js'
import { dataset } from '../dataset.js'
import { PIXELS } from '../kernels/workload.js'
import { findPython, PEERS, Peer, peerContender } from '../peer.js'
import { type Result, resultOf } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import { percent, type SuiteOptions } from '../suite.js'
import { photonDataset } from './photons.js'

const SHARE = 0.004
/** How h5py writes the same arrays: gzip's level, and whether bytes are shuffled first. */
const WAYS = [
  [1, false],
  [1, true],
  [4, false],
  [4, true],
] as const

/** Reading corrected files back in Python, beside the same arrays as h5py writes them. Files are in the page cache. */
export async function benchReadback(options: SuiteOptions): Promise<Result[]> {
  const python = findPython('h5py', 'numpy', 'extra_data')
  if (python === undefined) return []
  const folder = join(options.scratch, `readback-${process.pid}`)
  makeFolders(folder)
  const peer = new Peer(python, [join(PEERS, 'readback.py')])
  try {
    return [...(await frames(options, folder, peer)), ...(await sparse(options, folder, peer))]
  } finally {
    peer.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Data, gain and mask, frame by frame. */
async function frames(options: SuiteOptions, folder: string, peer: Peer): Promise<Result[]> {
  const { quick } = options
  const shape = { modules: 1, cells: quick ? 2 : 32, trains: quick ? 2 : 16, switched: SHARE }
  const { run, catalogue, frames } = await dataset(shape, options)
  const out = join(folder, 'proc')
  const file = await corrected({ run, catalogue, out })
  const source = 'SPB_DET_AGIPD1M-1/CORR/0CH0:output'
  const results: Result[] = []
  for (const plane of ['data', 'gain', 'mask']) {
    const path = `INSTRUMENT/${source}/image/${plane}`
    const ways = [...(plane === 'data' ? [[0, false] as const] : []), ...WAYS]
    const peers: Contender[] = []
    for (const [level, shuffle] of ways) {
      const copy = join(folder, `${plane}-${level}-${shuffle}.h5`)
      await peer.ask('copy', copy, file, path, level, Number(shuffle))
      const note = level === 0 ? 'plain' : `${shuffle ? 'shuffle, ' : ''}gzip ${level}`
      peers.push(
        timed(
          peerContender(peer, ['frames', copy, path], 'h5py wrote it', note),
          frames,
          statSync(copy).size,
        ),
      )
    }
    const own = peerContender(peer, ['frames', file, path], 'detcal wrote it')
    const extra = peerContender(
      peer,
      ['trains', out, source, `image.${plane}`],
      'detcal wrote it',
      'by EXtra-data',
    )
    results.push(
      ...(await measured(`read back ${plane}, ${percent(SHARE)} switched`, frames, options, [
        timed(own, frames),
        timed(extra, frames),
        ...peers,
      ])),
    )
  }
  return results
}

/** All photons of a file, as lists and as frames. */
async function sparse(options: SuiteOptions, folder: string, peer: Peer): Promise<Result[]> {
  const { quick } = options
  const shape = quick ? { cells: 2, trains: 2 } : { cells: 16, trains: 64 }
  const { run, catalogue, frames } = await photonDataset(shape, options, peer)
  const file = await corrected({ run, catalogue, out: join(folder, 'photons'), sparse: 'beside' })
  const source = 'SCS_DET_DSSC1M-1/CORR/0CH0:output'
  const planes = ['data', 'gain', 'mask'].map(plane => `INSTRUMENT/${source}/image/${plane}`)
  return measured('load photons, 1 % of the pixels', frames, options, [
    timed(peerContender(peer, ['lists', file, source], 'detcal wrote it', 'sparse lists'), frames),
    timed(peerContender(peer, ['frames', file, planes.join()], 'frames', 'data, gain and mask'), frames),
  ])
}

/** Corrects a run of one module, and gives its CORR file. */
async function corrected(request: CorrectionRequest & { readonly out: string }): Promise<string> {
  const { problems } = await correct(request, { sync: false })
  const failed = problems.find(({ severity }) => severity === 'error')
  if (failed !== undefined) throw new Error(failed.message)
  const [name = ''] = readdirSync(request.out).filter(file => file.endsWith('.h5'))
  return join(request.out, name)
}

async function measured(
  name: string,
  frames: number,
  { rounds, quick, signal, onProgress }: SuiteOptions,
  [own, ...peers]: readonly Contender[],
): Promise<Result[]> {
  if (own === undefined) return []
  const series = await measure(own, peers, {
    rounds,
    leastNs: quick ? 0 : 1e8,
    warmUp: true,
    onProgress: text => {
      signal.throwIfAborted()
      onProgress(`${name}: ${text}`)
    },
  })
  return series.map(one => resultOf({ name, pixels: frames * PIXELS }, one))
}

/** With the time of a frame, and if it is known the size of one in the file. */
function timed(contender: Contender, frames: number, bytes?: number): Contender {
  const samples: number[] = []
  return {
    ...contender,
    run: async passes => {
      const sample = await contender.run(passes)
      samples.push(sample.ns)
      return sample
    },
    details: () => ({
      'ms a frame': median(samples) / frames / 1e6,
      ...(bytes !== undefined && { 'kB a frame': bytes / frames / 1e3 }),
    }),
  }
}
