import { join } from 'node:path'
import { BridgeClient, type ClientSocket } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { type Hdf5File, readHdf5, readNumbers, requireDataset, rowsOf } from '../../src/hdf5/index.js'
import { DTYPE_BYTES } from '../../src/model/dtypes.js'
import { productOf } from '../../src/model/shapes.js'
import { type ReplayOptions, type ReplayOutcome, replay } from '../../src/online/replay/replay.js'
import type { StoredRun } from '../../src/sources/run/run.js'
import { correct, type GoldenPlace, goldenPlace } from './correction.js'

/** The golden run, RAW and corrected. */
export async function goldenRuns(): Promise<GoldenPlace & { readonly corrected: string }> {
  const place = await goldenPlace()
  const corrected = join(place.folder, 'proc')
  await correct({ run: place.golden.path, out: corrected, catalogue: place.catalogue })
  return { ...place, corrected }
}

/** Replays a run and reads with our client what comes, until `enough` trains are there or the replay has ended. */
export async function replayed(
  run: StoredRun,
  options: Partial<ReplayOptions> = {},
  { enough = Infinity, client: socket = 'REQ' as ClientSocket, selection = {} } = {},
): Promise<{ readonly trains: BridgeSource[][]; readonly outcome: ReplayOutcome }> {
  const stop = new AbortController()
  let ended: Promise<ReplayOutcome> | undefined
  const endpoint = await new Promise<string>((resolve, reject) => {
    ended = replay(
      run,
      { modules: run.modules, trains: run.trainIds, ...selection },
      {
        ...{ endpoint: 'tcp://127.0.0.1:*', socket: 'REP', version: '2.2', whenFull: 'wait' },
        ...{ layout: 'modules', rate: Infinity, loop: false, signal: stop.signal, onBound: resolve },
        ...options,
      },
    )
    ended.catch(reject)
  })
  const client = BridgeClient.connect(endpoint, socket)
  const trains: BridgeSource[][] = []
  let sent = Infinity
  const outcome = ended?.then(result => {
    sent = Number.isFinite(enough) ? Infinity : result.sent
    if (trains.length >= sent) client.close()
    return result
  })
  while (trains.length < Math.min(enough, sent)) {
    const frames = await client.next()
    if (frames === undefined) break
    trains.push(decodeTrain(frames))
  }
  if (Number.isFinite(enough)) stop.abort()
  const result = await outcome
  if (result === undefined) throw new Error('the replay has not begun')
  client.close()
  return { trains, outcome: result }
}

/** Rows of one train in one dataset, by a plain read of the file. */
export interface FileRows {
  readonly dtype: string
  /** Rows first. */
  readonly shape: readonly number[]
  readonly data: Buffer
}

/** Every numeric dataset of every train of a source, by train and key: `image.data`. */
export async function trainsInFile(
  path: string,
  source: string,
): Promise<Map<number, Map<string, FileRows>>> {
  return readHdf5(path, file => {
    const idSet = requireDataset(file, 'INDEX/trainId')
    const ids = readNumbers(idSet, rowsOf(idSet))
    const found = new Map<number, Map<string, FileRows>>()
    ids.forEach((id, row) => {
      if (id !== 0) found.set(id, rowsOfTrain(file, source, row))
    })
    return found
  })
}

function rowsOfTrain(file: Hdf5File, source: string, row: number): Map<string, FileRows> {
  const rows = new Map<string, FileRows>()
  for (const group of file.names(`INSTRUMENT/${source}`) ?? []) {
    const index = (name: string) =>
      readNumbers(requireDataset(file, `INDEX/${source}/${group}/${name}`), row + 1)[row] ?? 0
    const [first, count] = [index('first'), index('count')]
    if (count === 0) continue
    for (const name of file.names(`INSTRUMENT/${source}/${group}`) ?? []) {
      const dataset = requireDataset(file, `INSTRUMENT/${source}/${group}/${name}`)
      const shape = [count, ...dataset.shape.slice(1)]
      const { dtype } = dataset.type
      if (dtype === undefined) throw new Error(`${dataset.path} is not of numbers`)
      const data = Buffer.alloc(productOf(shape) * DTYPE_BYTES[dtype])
      dataset.slab([first, ...shape.slice(1).map(() => 0)], shape, data)
      rows.set(`${group}.${name}`, { dtype, shape, data })
    }
  }
  return rows
}

/** Ids of trains that came. */
export const idsOf = (trains: readonly BridgeSource[][]) => trains.map(([first]) => Number(first?.time.train))
