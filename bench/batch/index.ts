import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { PHASES } from '../../src/engine/contract/phase-times.js'
import { makeFolders } from '../../src/files/folders.js'
import { type Dataset, type DatasetShape, dataset } from '../dataset.js'
import { type Result, resultOf } from '../result.js'
import { type Contender, measure } from '../rounds.js'
import { percent, type SuiteOptions } from '../suite.js'
import { type BatchSetup, detcalBatch, ioFloor, outputBytes, pythonBatches } from './contenders.js'
import { benchProduction } from './production.js'

const SHARE = 0.004
const MIB = 2 ** 20

/** Whole corrections as processes, start and constants included, everything in the page cache. */
export async function benchBatch(options: SuiteOptions): Promise<Result[]> {
  const folder = join(options.scratch, `batch-${process.pid}`)
  makeFolders(folder)
  try {
    return [...(await chains(options, folder)), ...(await coldConstants(options, folder))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** detcal, the Python chains and the I/O floor, without and with flushing; then a budget far below the run. */
async function chains(options: SuiteOptions, folder: string): Promise<Result[]> {
  const { quick, workers } = options
  const shape = quick ? { modules: 2, cells: 2, trains: 4 } : { modules: 4, cells: 16, trains: 128 }
  const { data, setup, name } = await prepare({ ...shape, switched: SHARE }, options, folder)
  const bytes = await outputBytes(setup)
  const peersOf = (of: BatchSetup): Contender[] => [...ioFloor(of, bytes), ...pythonBatches(of)]
  const task = { name, pixels: data.pixels, bytesPerPixel: (data.rawBytes + bytes) / data.pixels }

  const fewer = workers > 1 ? [detcalBatch(setup, 1)] : []
  const free = await measured(task, [detcalBatch(setup, workers), ...fewer, ...peersOf(setup)], options)
  const synced = { ...setup, sync: true }
  const once = { ...options, rounds: 1 }
  const flushed = await measured(
    { ...task, name: `${name}, flushed to disk` },
    [detcalBatch(synced, workers), ...peersOf(synced)],
    once,
  )
  const production = await benchProduction(name, setup, options)
  return [...free, ...flushed, ...production, ...(await smallBudget(task, setup, options))]
}

/** A run three times as large as the memory it may use. */
async function smallBudget(
  task: { name: string; pixels: number },
  setup: BatchSetup,
  options: SuiteOptions,
): Promise<Result[]> {
  const memory = Math.max(256, Math.ceil(setup.data.rawBytes / 3 / MIB))
  const name = `${task.name}, in ${memory} MiB`
  const contender = detcalBatch(setup, setup.workers, { memory: `${memory}MiB` })
  const results = await measured({ ...task, name }, [contender], {
    ...options,
    rounds: Math.min(3, options.rounds),
  })
  return results.map(result => ({ ...result, details: { ...result.details, 'allowed MiB': memory + 256 } }))
}

/**
 * Few trains and all cells: what constants cost, from their files and from the packs that a run over more trains of the
 * same data left. A short run reads packs, but writes none, since that alone would not pay.
 */
async function coldConstants(options: SuiteOptions, folder: string): Promise<Result[]> {
  const { quick, workers, rounds } = options
  const shape = quick ? { modules: 1, cells: 16, trains: 16 } : { modules: 2, cells: 352, trains: 16 }
  const measuredTrains = quick ? 2 : 8
  const { data, setup } = await prepare({ ...shape, switched: SHARE }, options, folder)
  const name = batchName({ ...shape, trains: measuredTrains, switched: SHARE })
  const task = { name: `${name}, mostly constants`, pixels: (data.pixels / shape.trains) * measuredTrains }
  const constantsCache = join(folder, 'packed')
  const trains = `:${measuredTrains}`
  await detcalBatch(setup, workers, { constantsCache }).run(1)
  const packed = detcalBatch(setup, workers, { constantsCache, packed: shape.modules, trains })
  const contenders = [
    detcalBatch(setup, workers, { trains }),
    { ...packed, implementation: `${packed.implementation}, constants packed before` },
  ]
  const results = await measured(task, contenders, { ...options, rounds: Math.min(3, rounds) })
  return results.map(withConstantsShare)
}

function withConstantsShare(result: Result): Result {
  const { details = {} } = result
  const total = PHASES.reduce((sum, phase) => sum + (details[`${phase} s`] ?? 0), 0)
  const share = (100 * (details['constants s'] ?? 0)) / total
  return { ...result, details: { ...details, 'constants % of thread time': share } }
}

async function prepare(
  shape: DatasetShape,
  options: SuiteOptions,
  folder: string,
): Promise<{ data: Dataset; setup: BatchSetup; name: string }> {
  const data = await dataset(shape, options)
  return {
    data,
    setup: { data, workers: options.workers, sync: false, folder, signal: options.signal },
    name: batchName(shape),
  }
}

function batchName({ modules, cells, trains, switched }: DatasetShape): string {
  return `batch, ${modules} modules × ${cells} cells × ${trains} trains, ${percent(switched)} switched`
}

async function measured(
  task: { name: string; pixels: number; bytesPerPixel?: number },
  [own, ...peers]: readonly Contender[],
  { rounds, quick, onProgress }: SuiteOptions,
): Promise<Result[]> {
  if (own === undefined) return []
  const say = (text: string): void => onProgress(`${task.name}: ${text}`)
  const series = await measure(own, peers, { rounds, leastNs: 0, warmUp: !quick, onProgress: say })
  return series.map(one => resultOf(task, one)).map(result => withSeconds(result, task.pixels))
}

/** Seconds of the whole beside the time a pixel: what a person asks first. */
function withSeconds(result: Result, pixels: number): Result {
  const { nsPerPixel, cpuNsPerPixel, details } = result
  const seconds = { 'wall s': (nsPerPixel * pixels) / 1e9 }
  const cpu = cpuNsPerPixel === undefined ? {} : { 'CPU s': (cpuNsPerPixel * pixels) / 1e9 }
  return { ...result, details: { ...seconds, ...cpu, ...details } }
}
