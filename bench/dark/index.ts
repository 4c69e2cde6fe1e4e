import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '../../src/files/folders.js'
import { plainReading } from '../hdf5/constants-reading.js'
import { type Result, resultOf } from '../result.js'
import { measure } from '../rounds.js'
import type { SuiteOptions } from '../suite.js'
import { characterising, darkProcess, numpyMedians } from './contenders.js'
import { darkDataset } from './dataset.js'

/**
 * Dark runs of all stages to constants in a catalogue, from opening the runs on, beside reading the same files plainly
 * with as many threads: the ratio to that is the share of the direct read rate. Everything is in the page cache.
 */
export async function benchDark(options: SuiteOptions): Promise<Result[]> {
  const { quick, workers, rounds, scratch, onProgress } = options
  const shape = quick ? { modules: 1, cells: 2, trains: 8 } : { modules: 2, cells: 16, trains: 200 }
  const data = await darkDataset(shape, options)
  const folder = join(scratch, `dark-${process.pid}`)
  makeFolders(folder)
  const { modules, cells, trains } = shape
  const name = `dark, ${modules} modules × ${cells} cells × ${trains} trains × 3 stages`
  const setup = { data, workers, folder, signal: options.signal }
  const own = characterising(setup)
  const peers = [
    // As much at once as a block of frames that is read directly for a correction.
    plainReading(data.rawFiles, workers, 'through 8 MiB'),
    plainReading(data.rawFiles, workers, 'through 1 MiB'),
    darkProcess(setup),
    ...numpyMedians(setup),
  ]
  const say = (text: string): void => onProgress(`${name}: ${text}`)
  try {
    const series = await measure(own, peers, { rounds, leastNs: 0, warmUp: !quick, onProgress: say })
    const task = { name, pixels: data.pixels, bytesPerPixel: data.rawBytes / data.pixels }
    return series.map(one => resultOf(task, one))
  } finally {
    for (const { close } of [own, ...peers]) await close?.()
    rmSync(folder, { recursive: true, force: true })
  }
}
