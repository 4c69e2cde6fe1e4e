import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type DatasetOptions, NewFile } from '../../../src/hdf5/create/new-file.js'
import { findDeclared, setEndOfFile, writeChunkIndex } from '../../../src/hdf5/create/write-chunks.js'
import { DTYPE_BYTES, type DType } from '../../../src/model/dtypes.js'

const folder = mkdtempSync(join(tmpdir(), 'interop-'))
afterAll(() => rmSync(folder, { recursive: true }))

type ChunkedDeclaration = DatasetOptions & { readonly chunk: readonly number[]; readonly dtype: DType }

const IMAGE = 'INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output/image'
const FRAMES = 10_000

const DATASETS: Record<string, ChunkedDeclaration> = {
  [`${IMAGE}/data`]: { shape: [FRAMES, 4, 3], chunk: [1, 4, 3], dtype: 'f4' },
  [`${IMAGE}/gain`]: { shape: [FRAMES, 4, 3], chunk: [1, 4, 3], dtype: 'u1', deflate: 1 },
  [`${IMAGE}/mask`]: { shape: [65, 4, 3], chunk: [1, 4, 3], dtype: 'u4', deflate: 1 },
  none: { shape: [0, 512, 128], chunk: [1, 512, 128], dtype: 'f4' },
  noneDeflated: { shape: [0, 512, 128], chunk: [1, 512, 128], dtype: 'u4', deflate: 1 },
}

/** Writes all chunks, every frame's bytes counting on, and returns each dataset's weighted sum as the script has it. */
async function write(path: string): Promise<Record<string, number>> {
  const file = new NewFile()
  for (const [name, declaration] of Object.entries(DATASETS))
    file.declare(name, declaration.dtype, declaration)
  file.write(path)
  const fd = openSync(path, 'r+')
  let end = fstatSync(fd).size
  const sums: Record<string, number> = {}
  for (const [name, { shape, chunk: chunkShape, dtype, deflate }] of Object.entries(DATASETS)) {
    const chunkBytes = chunkShape.reduce((product, size) => product * size, DTYPE_BYTES[dtype])
    const [indices, addresses, sizes]: number[][] = [[], [], []]
    let sum = 0n
    for (let frame = shape[0]! - 1; frame >= 0; frame--) {
      const plain = Uint8Array.from({ length: chunkBytes }, (_, k) => (frame * 13 + k) % 61)
      plain.forEach((byte, k) => {
        sum += BigInt(byte) * BigInt(frame * chunkBytes + k + 1)
      })
      const stored = deflate === undefined ? plain : deflateSync(plain, { level: deflate })
      writeSync(fd, stored, 0, stored.length, end)
      indices!.push(frame)
      addresses!.push(end)
      sizes!.push(stored.length)
      end += stored.length
    }
    sums[name] = Number(sum % 2n ** 32n)
    const chunks = { indices: indices!, addresses: addresses!, sizes: sizes! }
    end = writeChunkIndex(fd, findDeclared(fd, name, path), chunks, end)
  }
  setEndOfFile(fd, end, path)
  closeSync(fd)
  return sums
}

interface Found {
  readonly shape: number[]
  readonly maxShape: number[]
  readonly chunks: number[]
  readonly dtype: string
  readonly compression: string | null
  readonly level: number | null
  readonly stored: number
  readonly sum: number
}

const NUMPY: Record<string, string> = { f4: '<f4', u1: '|u1', u4: '<u4' }

describe('chunks written beside the library', async () => {
  const path = join(folder, 'written.h5')
  const sums = await write(path)

  test('are what h5py reads', () => {
    const script = fileURLToPath(new URL('written-chunks.py', import.meta.url))
    const output = execFileSync('/usr/bin/python3', [script, path], { encoding: 'utf8' })
    const found = JSON.parse(output) as Record<string, Found>
    expect(Object.keys(found).sort()).toEqual(Object.keys(DATASETS).sort())
    for (const [name, { shape, chunk: chunkShape, dtype, deflate }] of Object.entries(DATASETS)) {
      expect(found[name], name).toMatchObject({
        shape,
        maxShape: shape,
        chunks: chunkShape,
        dtype: NUMPY[dtype],
        compression: deflate === undefined ? null : 'gzip',
        level: deflate ?? null,
        stored: shape[0],
        sum: sums[name],
      })
    }
  })

  test('are what h5dump and h5stat read', () => {
    const last = execFileSync('h5dump', ['-d', `/${IMAGE}/gain[9999,0,0;1,1,1;1,4,3;1,1,1]`, path], {
      encoding: 'utf8',
    })
    const row = Array.from({ length: 3 }, (_, k) => (9999 * 13 + k) % 61).join(', ')
    expect(last).toContain(`(9999,0,0): ${row}`)
    const statistics = execFileSync('h5stat', [path], { encoding: 'utf8' })
    expect(statistics).toMatch(/Dataset layout counts\[CHUNKED\]: 5/)
  })

  test('can be copied by the library, chunk by chunk and repacked', () => {
    const copy = join(folder, 'copy.h5')
    execFileSync('h5repack', [path, copy])
    execFileSync('h5diff', [path, copy])
  })
})
