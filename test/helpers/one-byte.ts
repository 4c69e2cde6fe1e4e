import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { frameAddresses, locateDataset } from '../../src/hdf5/direct/index.js'

/** Changes one bit of the byte at `at` of a file. */
export function changeByte(path: string, at: number): void {
  const fd = openSync(path, 'r+')
  try {
    const byte = new Uint8Array(1)
    readSync(fd, byte, 0, 1, at)
    writeSync(
      fd,
      byte.map(value => value ^ 1),
      0,
      1,
      at,
    )
  } finally {
    closeSync(fd)
  }
}

/** Address in the file of a frame of a dataset that is not compressed. */
export function addressOfFrame(path: string, dataset: string, frame: number): number {
  const fd = openSync(path, 'r')
  try {
    const address = frameAddresses(locateDataset(fd, dataset, path))?.[frame]
    if (address === undefined) throw new Error(`${dataset} has no frame ${frame}`)
    return address
  } finally {
    closeSync(fd)
  }
}

/** Address of the first byte of a compressed frame. */
export function addressOfChunk(path: string, dataset: string, frame: number): number {
  const fd = openSync(path, 'r')
  try {
    const { storage } = locateDataset(fd, dataset, path)
    const address = storage.kind === 'chunked' ? storage.addresses[frame] : undefined
    if (address === undefined) throw new Error(`${dataset} has no chunk ${frame}`)
    return address
  } finally {
    closeSync(fd)
  }
}
