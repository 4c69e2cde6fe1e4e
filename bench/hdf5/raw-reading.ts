import { closeSync, openSync, readSync } from 'node:fs'
import { instrumentPath } from '../../src/exdf/euxfel-layout.js'
import { frameAddresses, locateDataset } from '../../src/hdf5/direct/index.js'
import { type Dataset, type File, openLibrary } from '../../src/hdf5/library.js'
import { PIXELS } from '../kernels/workload.js'
import { type Contender, timeAwaited, timeHere } from '../rounds.js'

const FRAME_BYTES = 4 * PIXELS
/** Frames read at once: as many as a block of the engine has. */
export const BATCH = 32

/** Path of the image data of `module` in a simulated RAW file. */
export function rawDataset(module: number): string {
  return `${instrumentPath(`SPB_DET_AGIPD1M-1/DET/${module}CH0:xtdf`, 'image')}/data`
}

/** Frames straight from their addresses into one shared buffer, runs of neighbours at once. */
export function directReading(file: string, path: string): Contender {
  const room = new Uint8Array(new SharedArrayBuffer(BATCH * FRAME_BYTES))
  const pass = (): void => {
    const fd = openSync(file, 'r')
    try {
      const addresses = frameAddresses(locateDataset(fd, path, file))
      if (addresses === undefined) throw new Error(`${file}: frames do not lie in one piece each`)
      for (let first = 0; first < addresses.length; first += BATCH) readBatch(fd, addresses, first, room)
    } finally {
      closeSync(fd)
    }
  }
  return {
    implementation: 'detcal',
    note: 'direct, into shared memory',
    run: passes => timeHere(passes, pass),
  }
}

function readBatch(fd: number, addresses: Float64Array, first: number, room: Uint8Array): void {
  const end = Math.min(first + BATCH, addresses.length)
  for (let at = first; at < end; ) {
    let next = at + 1
    while (next < end && addresses[next] === addresses[next - 1]! + FRAME_BYTES) next++
    const bytes = (next - at) * FRAME_BYTES
    if (readSync(fd, room, (at - first) * FRAME_BYTES, bytes, addresses[at]!) !== bytes)
      throw new Error('the file ends early')
    at = next
  }
}

/** The same through h5wasm's slices. */
export function libraryReading(file: string, path: string, frames: number): Contender {
  const pass = async (): Promise<void> => {
    const opened: File = (await openLibrary()).open(file, 'r')
    const data = opened.get(path) as Dataset
    for (let first = 0; first < frames; first += BATCH) data.slice([[first, Math.min(first + BATCH, frames)]])
    opened.close()
  }
  return { implementation: 'h5wasm', note: 'slice', run: passes => timeAwaited(passes, pass) }
}
