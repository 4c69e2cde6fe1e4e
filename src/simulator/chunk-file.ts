import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { type Declared, findDeclared, setEndOfFile, writeChunkIndex } from '../hdf5/direct/index.js'
import { OutputError } from '../model/errors.js'

/** A declared dataset and where its chunks lie: one behind the other from `address`, in the order of their numbers. */
export interface ChunkRange {
  readonly path: string
  readonly address: number
  readonly chunks: number
  readonly chunkBytes: number
}

/** A declared dataset whose chunks are all of one size, uncompressed. */
export interface ChunkedDataset {
  readonly path: string
  readonly chunks: number
  readonly chunkBytes: number
}

/** Chunk data begin at a page: whole frames are written there. */
const PAGE = 4096

/**
 * Places the chunks of freshly declared datasets behind what the library wrote, and enters them in the file's
 * chunk indices. The chunks themselves are written afterwards, by anyone and in any order, with {@link writeAt}.
 * @throws OutputError
 */
export function placeChunks(file: string, datasets: readonly ChunkedDataset[]): ChunkRange[] {
  const fd = openSync(file, 'r+')
  try {
    let end = Math.ceil(fstatSync(fd).size / PAGE) * PAGE
    const ranges = datasets.map(dataset => {
      const range = { ...dataset, address: end }
      end += dataset.chunks * dataset.chunkBytes
      return range
    })
    for (const range of ranges) end = writeIndex(fd, findDeclared(fd, range.path, file), range, end)
    setEndOfFile(fd, end, file)
    return ranges
  } finally {
    closeSync(fd)
  }
}

function writeIndex(fd: number, declared: Declared, range: ChunkRange, end: number): number {
  const { chunks, chunkBytes, address } = range
  return writeChunkIndex(
    fd,
    declared,
    {
      indices: Float64Array.from({ length: chunks }, (_, i) => i),
      addresses: Float64Array.from({ length: chunks }, (_, i) => address + i * chunkBytes),
      sizes: new Uint32Array(chunks).fill(chunkBytes),
    },
    end,
  )
}

/** Writes all of `data` at byte `address`. @throws OutputError naming the file. */
export function writeAt(fd: number, file: string, data: ArrayBufferView, address: number): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(fd, bytes, done, bytes.length - done, address + done)
  } catch (error) {
    throw asOutputError(error, file)
  }
}

/** A system error as an OutputError naming the file; other errors as they are. */
export function asOutputError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new OutputError(error.message, {
    place: { file },
    hint: 'Check free space and permissions of its folder',
    cause: error,
  })
}
