import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../../../src/hdf5/direct/errors.js'
import { DirectFile, locateDataset } from '../../../src/hdf5/direct/index.js'
import { decodeLzf } from '../../../src/hdf5/direct/lzf.js'
import type { Hdf5Dataset } from '../../../src/hdf5/file.js'
import { LibraryFile } from '../../../src/hdf5/library-file.js'
import { scratch } from '../../helpers/exdf.js'
import { goldenFile, withFd } from './golden.js'

const PATH = 'filters/lzf'
const LZF = 32000

/** The golden file in which the data that are packed by lzf say that they are packed by another filter. */
function fileWith(filter: number): string {
  const bytes = readFileSync(goldenFile('earliest.h5'))
  // Number of the filter, and the length of its name with what fills it up.
  const at = bytes.indexOf(Buffer.from([LZF & 255, LZF >> 8, 8, 0]))
  expect(bytes.toString('latin1', at + 16, at + 19) + bytes.toString('latin1', at + 8, at + 11)).toContain(
    'lzf',
  )
  bytes.writeUInt16LE(filter, at)
  const path = join(scratch(), 'foreign.h5')
  writeFileSync(path, bytes)
  return path
}

describe.each([
  [32001, 'blosc'],
  [32004, 'lz4'],
  [32008, 'bitshuffle'],
  [32015, 'zstd'],
  [307, 'bzip2'],
])('filter %i', (id, name) => {
  const expected = new RegExp(
    `foreign\\.h5, ${PATH}: is compressed with ${name} \\(filter ${id}\\), which detcal cannot undo\\. .*h5repack -f GZIP=1 in\\.h5 out\\.h5`,
  )

  test('is named by every reader, with what helps, in one line', async () => {
    const path = fileWith(id)
    const lines: string[] = []
    const note = (error: unknown) => {
      expect(error).toBeInstanceOf(Unreadable)
      lines.push((error as Unreadable).line)
    }
    try {
      withFd(path, fd => locateDataset(fd, PATH, path))
    } catch (error) {
      note(error)
    }
    const direct = DirectFile.open(path)
    try {
      direct.dataset(PATH)?.read([0, 0], [13, 20])
    } catch (error) {
      note(error)
    }
    direct.close()
    // All of it: a chunk that the filter did not make smaller is stored without it, and can be read.
    for (const read of [
      (set?: Hdf5Dataset) => set?.read([0, 0], [13, 20]),
      (set?: Hdf5Dataset) => set?.slab([0, 0], [13, 20], new Uint8Array(2 * 13 * 20)),
    ])
      await LibraryFile.reading(path, file => read(file.dataset(PATH))).catch(note)
    expect(lines).toHaveLength(4)
    for (const line of lines) {
      expect(line).toMatch(expected)
      expect(line).not.toMatch(/HDF5-DIAG|plugin|Aborted|\n/)
    }
  })
})

describe('an LZF stream', () => {
  test('of literals, and of references into what they have just written', () => {
    // Three literals; from one byte back nine bytes more; from three back seven.
    const stream = Uint8Array.of(2, 1, 2, 3, 0xe0, 0, 0, 0xa0, 2)
    expect([...decodeLzf(stream, 64)]).toEqual([1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])
  })
  test.each([
    ['that ends too early', [5, 1, 2]],
    ['that refers to before its beginning', [0, 1, 0x20, 9]],
    ['whose reference is cut off', [0, 1, 0xe0]],
    ['that is longer than it may be', [0, 1, 0xe0, 255, 0]],
  ])('%s is damaged', (_, stream) => {
    expect(() => decodeLzf(Uint8Array.from(stream), 16)).toThrow(/LZF stream is damaged/)
  })
})
