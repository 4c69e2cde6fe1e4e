import { closeSync, fstatSync, openSync } from 'node:fs'
import { writing } from '../files/errors.js'
import { writeFully } from '../files/read-write.js'
import { consecutive, findDeclared, setEndOfFile, writeChunkIndex } from '../hdf5/create/write-chunks.js'

/** A declared dataset and its chunks' place: one after the other from `address` on, in order of their numbers. */
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

/** Chunk data begin at a page boundary: whole frames are written there. */
const PAGE = 4096

/**
 * Places the chunks of newly declared datasets after what was written, and enters them in the file's chunk indices. The
 * chunks themselves are written afterwards, by any thread and in any order, with {@link writeAt}.
 * @throws OutputError
 */
export function reserveChunks(file: string, datasets: readonly ChunkedDataset[]): ChunkRange[] {
  const fd = openSync(file, 'r+')
  try {
    let end = Math.ceil(fstatSync(fd).size / PAGE) * PAGE
    const ranges = datasets.map(dataset => {
      const range = { ...dataset, address: end }
      end += dataset.chunks * dataset.chunkBytes
      return range
    })
    for (const { path, chunks, address, chunkBytes } of ranges) {
      const written = consecutive(chunks, address, chunkBytes)
      end = writeChunkIndex(fd, findDeclared(fd, path, file), written, end)
    }
    setEndOfFile(fd, end, file)
    return ranges
  } finally {
    closeSync(fd)
  }
}

/** Writes all of `data` at byte `address`. @throws OutputError naming the file. */
export function writeAt(fd: number, file: string, data: ArrayBufferView, address: number): void {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  writing(file, () => writeFully(fd, bytes, address))
}
