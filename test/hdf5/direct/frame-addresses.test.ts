import { readSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { frameAddresses } from '../../../src/hdf5/direct/frame-addresses.js'
import { locateDataset } from '../../../src/hdf5/direct/locate.js'
import { elementBytesOf, expectedBytes, goldenFile, goldens, withFd } from './golden.js'

const IMAGE = 'INSTRUMENT/SPB_DET_AGIPD1M-1/DET/0CH0:xtdf/image'

describe.each(
  goldens.filter(
    ({ name, path }) =>
      name.endsWith('est.h5') &&
      !name.includes('many') &&
      [`${IMAGE}/data`, `${IMAGE}/many`, 'simple/plain', 'grow/first', 'chunks/one'].includes(path),
  ),
)('$name $path', golden => {
  test('each frame lies at its address', () => {
    const file = goldenFile(golden.name)
    const whole = expectedBytes(golden)
    const frameBytes = whole.length / golden.shape[0]!
    expect(frameBytes % elementBytesOf(golden.dtype)).toBe(0)
    withFd(file, fd => {
      const addresses = frameAddresses(locateDataset(fd, golden.path, file))
      expect(addresses?.length).toBe(golden.shape[0])
      const out = new Uint8Array(whole.length)
      addresses?.forEach((address, i) => {
        readSync(fd, out, i * frameBytes, frameBytes, address)
      })
      expect(Buffer.compare(out, whole)).toBe(0)
    })
  })
})

describe.each(['earliest.h5', 'latest.h5'])('%s', name => {
  const addressesOf = (path: string) =>
    withFd(goldenFile(name), fd => frameAddresses(locateDataset(fd, path, goldenFile(name))))

  test.each([
    'filters/gzip',
    'filters/fletcher',
    'chunks/edge',
    'simple/compact',
    'floats/scalar',
  ])('there are none for %s', path => expect(addressesOf(path)).toBeUndefined())
  test('frames never written are at -1', () =>
    expect(addressesOf('simple/never')).toEqual(Float64Array.of(-1, -1, -1)))
  test('no frames, no addresses', () => expect(addressesOf('simple/empty')).toEqual(new Float64Array(0)))
})

test('frames of one chunk follow each other, and chunks never written are at -1', () => {
  const storage = {
    kind: 'chunked',
    chunkShape: [2, 3],
    filters: [],
    addresses: Float64Array.of(100, -1, 40),
    sizes: new Uint32Array(3),
    filterMasks: new Uint32Array(3),
  } as const
  const located = {
    path: 'a',
    shape: [5, 3],
    maxShape: [5, 3],
    dtype: 'u4',
    elementBytes: 4,
    storage,
  } as const
  expect(frameAddresses(located)).toEqual(Float64Array.of(100, 112, -1, -1, 40))
})
