import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Unreadable } from '../../../src/hdf5/direct/errors.js'
import { locateDataset } from '../../../src/hdf5/direct/locate.js'
import { readHdf5 } from '../../../src/hdf5/index.js'
import { goldenFile, withFd } from './golden.js'

const folder = mkdtempSync(join(tmpdir(), 'chunks-apart-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** In files of the earliest format no checksum guards the addresses of chunks: nothing else notices a byte that rots. */
const DATASETS = [
  ['earliest.h5', 'chunks/edge'],
  ['earliest.h5', 'chunks/sparse_gzip'],
  ['many_earliest.h5', 'fixed'],
  ['many_earliest.h5', 'growing_gzip'],
] as const

interface Chunk {
  readonly address: number
  readonly size: number
  /** Where in the file its address is written. */
  readonly at: number
}

function chunksOf(name: string, path: string): { bytes: Buffer; chunks: Chunk[] } {
  const file = goldenFile(name)
  const bytes = readFileSync(file)
  const { storage } = withFd(file, fd => locateDataset(fd, path, file))
  if (storage.kind !== 'chunked') throw new Error(`${path} is not chunked`)
  const chunks = [...storage.addresses].flatMap((address, i) => {
    const word = Buffer.alloc(8)
    word.writeBigUInt64LE(BigInt(Math.max(address, 0)))
    return address < 0 ? [] : [{ address, size: storage.sizes[i] ?? 0, at: bytes.indexOf(word) }]
  })
  return { bytes, chunks: chunks.filter(({ at }) => at >= 0) }
}

/** A copy of the file in which the chunk has another address. */
function moved(bytes: Buffer, { at }: Chunk, address: number): string {
  const changed = Buffer.from(bytes)
  changed.writeBigUInt64LE(BigInt(address), at)
  const file = join(folder, 'moved.h5')
  writeFileSync(file, changed)
  return file
}

describe.each(DATASETS)('chunks of %s, %s', (name, path) => {
  const { bytes, chunks } = chunksOf(name, path)
  const failure = (file: string) => {
    try {
      withFd(file, fd => locateDataset(fd, path, file))
    } catch (error) {
      return error as Error
    }
    return undefined
  }

  test('that share a byte are refused for good, wherever the damaged address leads', () => {
    expect(chunks.length).toBeGreaterThan(1)
    for (const [i, chunk] of chunks.slice(0, 20).entries()) {
      const other = chunks[(i + 1) % chunks.length] as Chunk
      for (const address of [other.address, other.address + other.size - 1, other.address - chunk.size + 1]) {
        const error = failure(moved(bytes, chunk, address))
        expect(error, `${chunk.address} to ${address}`).toBeInstanceOf(Unreadable)
        expect(error?.message).toMatch(/its chunks \d+ and \d+ overlap|lies over a structure/)
      }
    }
  })

  test('that lie over the index of chunks are refused', () => {
    const tree = bytes.lastIndexOf('TREE', chunks[0]?.at)
    expect(tree).toBeGreaterThan(0)
    expect(failure(moved(bytes, chunks[0] as Chunk, tree))?.message).toMatch(/lies over a structure|overlap/)
  })

  test('are not left to the library, which reads them without a word', async () => {
    const [first, second] = chunks as [Chunk, Chunk]
    const file = moved(bytes, first, second.address)
    const rows = readHdf5(file, read => {
      const dataset = read.dataset(path)
      return dataset?.read(
        dataset.shape.map(() => 0),
        dataset.shape,
      )
    })
    await expect(rows).rejects.toThrow(/overlap/)
  })
})
