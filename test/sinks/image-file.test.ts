import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import { ImageFile } from '../../src/sinks/image/image-file.js'

const folder = mkdtempSync(join(tmpdir(), 'image-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

const DATASETS = { data: 'data', gain: 'gain', mask: 'mask' } as const
/** Three chunks of four pixels; of `gain` and `mask` those that are named were written. */
function images(gain: number[], mask: number[]): ImageFile {
  const path = join(folder, 'images.h5')
  const file = new NewFile()
  for (const [name, dtype] of [
    ['data', 'f4'],
    ['gain', 'u1'],
    ['mask', 'u4'],
  ] as const)
    file.declare(name, dtype, { shape: [3, 4], chunk: [1, 4], ...(name === 'data' ? {} : { deflate: 1 }) })
  file.write(path)
  const written = ImageFile.open(path, path, DATASETS, 3, 16)
  const of = (indices: number[]) => ({
    indices: Float64Array.from(indices),
    addresses: Float64Array.from(indices, k => 4096 + 64 * k),
    sizes: new Float64Array(indices.length).fill(8),
  })
  written.record({ gain: of(gain), mask: of(mask) })
  return written
}

describe('ImageFile', () => {
  it.each([
    ['gain', [0, 2], [0, 1, 2], 'refused', 'gain: chunk 1 was never written'],
    ['mask', [0, 1, 2], [0, 1], 'refused', 'mask: chunk 2 was never written'],
    ['the mask of a frame that has a gain', [0, 1], [0], 'filled', 'mask: chunk 1 was never written'],
  ] as const)('refuses to look whole without %s', (_, gain, mask, missing, message) => {
    const file = images([...gain], [...mask])
    expect(() => file.writeIndices(missing)).toThrow(message)
    file.abandon()
  })

  it.each(['refused', 'filled'] as const)('takes all chunks, missing ones being %s', missing => {
    const file = images([0, 1, 2], [2, 1, 0])
    file.writeIndices(missing)
    file.abandon()
  })
})
