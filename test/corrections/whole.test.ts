import { describe, expect, test } from 'vitest'
import { type CommonModeParams, leastOfAsic, leastOfRow } from '../../src/corrections/common-mode.js'
import { MOST_BASELINE, noisePeak } from '../../src/corrections/noise-peak.js'
import { photonsOf } from '../../src/corrections/photons.js'
import { subtractCommonMode } from '../../src/kits/agipd/common-mode-reference.js'
import { FrameTable } from '../../src/memory/frame-table.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import {
  baselineOf,
  EVERY,
  imagesOf,
  masksOf,
  samplesOf,
  valuesOf,
  WHOLE_GOLDEN,
} from '../golden/whole/index.js'

// Steps that need whole images or files: what numpy says, to 1e-3 ADU where values are summed, and the reference's bits.

const memory = new WebAssembly.Memory({ initial: 512, maximum: 512, shared: true })
const kernels = instantiateKernels(kernelModule(), memory)
const [TABLE, SUMS, COUNTS, MEANS, OF_IMAGES, DATA] = [65536, 2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20, 2 ** 21]
const SIDE = 64
const COLUMNS = 2
const STRIP = SIDE * SIDE * COLUMNS

interface Modes {
  readonly data: Float32Array[]
  readonly pixels: Float32Array[]
  readonly images: Float32Array[]
}

/** By the kernels, a few images at a time: the ASIC, beside another one. */
function byKernels(images: readonly Float32Array[], params: CommonModeParams, together: number): Modes {
  const planes = images.map((image, i) => {
    const plane = new Float32Array(memory.buffer, DATA + i * 4 * STRIP, STRIP)
    for (let row = 0; row < SIDE; row++) {
      plane.set(image.subarray(row * SIDE, (row + 1) * SIDE), row * SIDE * COLUMNS + SIDE)
      plane.fill(row - i, row * SIDE * COLUMNS, row * SIDE * COLUMNS + SIDE)
    }
    return plane
  })
  const table = new FrameTable(memory.buffer, TABLE, together)
  const { iterations, low, high, part } = params
  const inGroups = (use: (count: number) => void): void => {
    for (let first = 0; first < images.length; first += together) {
      const count = Math.min(together, images.length - first)
      for (let i = 0; i < count; i++) {
        const means = OF_IMAGES + (first + i) * 4 * COLUMNS * iterations
        const whole = { stages: 0, still: 0, means }
        table.set(i, { raw: 0, data: planes[first + i]!.byteOffset, gain: 0, mask: 0, whole })
      }
      use(count)
    }
  }
  const cells = (k: number): number => MEANS + k * 4 * STRIP
  new Uint8Array(memory.buffer, SUMS, 8 * STRIP).fill(0)
  new Uint8Array(memory.buffer, COUNTS, 4 * STRIP).fill(0)
  const add = (count: number): void => kernels.commonModeSums(TABLE, count, 0, STRIP, SUMS, COUNTS, low, high)
  if (part === 'both') inGroups(add)
  for (let k = 0; k < iterations; k++)
    if (part === 'image')
      inGroups(count =>
        kernels.commonModeImages(TABLE, count, 0, STRIP, COLUMNS, low, high, leastOfAsic(params)),
      )
    else {
      kernels.commonModeMeans(SUMS, COUNTS, STRIP, leastOfRow(params, images.length), cells(k))
      inGroups(count =>
        kernels.commonModeSweep(
          ...([TABLE, count, 0, STRIP, COLUMNS, cells(k), 4 * k * COLUMNS] as const),
          ...([low, high, leastOfAsic(params), SUMS, COUNTS] as const),
        ),
      )
    }
  return {
    data: planes.map(plane => asic(plane)),
    pixels: Array.from({ length: iterations }, (_, k) =>
      asic(new Float32Array(memory.buffer, MEANS + k * 4 * STRIP, STRIP)),
    ),
    images: Array.from({ length: iterations }, (_, k) =>
      Float32Array.from(
        images,
        (_, i) =>
          new Float32Array(
            memory.buffer,
            OF_IMAGES + 4 * (i * COLUMNS * iterations + k * COLUMNS + 1),
            1,
          )[0]!,
      ),
    ),
  }
}

/** The second ASIC of a strip. */
function asic(plane: Float32Array): Float32Array {
  return Float32Array.from(
    { length: SIDE * SIDE },
    (_, p) => plane[(p >> 6) * SIDE * COLUMNS + SIDE + (p & 63)]!,
  )
}

function byReference(images: readonly Float32Array[], params: CommonModeParams): Modes {
  const data = images.map(image => image.slice())
  const { pixels, images: shifts } = subtractCommonMode(data, params)
  return { data, pixels, images: shifts }
}

const bitsOf = (planes: readonly Float32Array[]) =>
  planes.map(plane => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength).toString('base64'))

describe.each(
  WHOLE_GOLDEN.commonMode.map((golden, i) => [i, golden] as const),
)('common mode %i', (_, golden) => {
  const params = { ...golden.params, part: 'both' } as const
  const images = imagesOf(golden.seed)

  test('is what numpy says', () => {
    const found = byReference(images, params)
    const close = (a: Float32Array, b: readonly (number | null)[], every: number): void =>
      b.forEach((value, i) => {
        if (value === null) expect(a[i * every]).toBeNaN()
        else expect(Math.abs(a[i * every]! - value)).toBeLessThan(1e-3)
      })
    for (const [k, expected] of golden.pixels.entries()) close(found.pixels[k]!, expected, EVERY)
    for (const [k, expected] of golden.images.entries()) close(found.images[k]!, expected, 1)
    for (const [i, expected] of golden.data.entries()) close(found.data[i]!, expected, EVERY)
  })

  test.each([1, 5, 12])('of %i images together has the reference’s bits', together => {
    const expected = byReference(images, params)
    const found = byKernels(images, params, together)
    expect(bitsOf(found.pixels)).toEqual(bitsOf(expected.pixels))
    expect(bitsOf(found.images)).toEqual(bitsOf(expected.images))
    expect(bitsOf(found.data)).toEqual(bitsOf(expected.data))
  })

  test.each([0, 1])('is subtracted again from what was found, all but the last %i of images', left => {
    const { iterations, low, high } = params
    const shifts = iterations - left
    const expected = byKernels(images, params, 4)
    images.forEach((image, i) => {
      const plane = new Float32Array(memory.buffer, DATA, STRIP)
      for (let p = 0; p < image.length; p++) plane[(p >> 6) * SIDE * COLUMNS + SIDE + (p & 63)] = image[p]!
      const means = OF_IMAGES + i * 4 * COLUMNS * params.iterations
      const table = new FrameTable(memory.buffer, TABLE, 1)
      table.set(0, { raw: 0, data: DATA, gain: 0, mask: 0, whole: { stages: 0, still: 0, means } })
      kernels.commonModeSubtract(TABLE, 1, 0, STRIP, COLUMNS, MEANS, 4 * STRIP, COLUMNS, iterations, shifts)
      if (shifts < iterations)
        kernels.commonModeImages(TABLE, 1, 0, STRIP, COLUMNS, low, high, leastOfAsic(params))
      expect(bitsOf([asic(plane)])).toEqual(bitsOf([expected.data[i]!]))
    })
  })
})

test('an image alone is what the reference says', () => {
  const params = { ...WHOLE_GOLDEN.commonMode[0]!.params, part: 'image' } as const
  const images = imagesOf(7)
  expect(bitsOf(byKernels(images, params, 3).data)).toEqual(bitsOf(byReference(images, params).data))
})

describe('the noise peak', () => {
  test.each(WHOLE_GOLDEN.baseline)('of a baseline at $shift ADU is what numpy says, $found', golden => {
    const { data, stages } = baselineOf(golden)
    new Float32Array(memory.buffer, DATA, data.length).set(data)
    const at = DATA + data.byteLength
    new Uint8Array(memory.buffer, at, stages.length).set(stages)
    const found = noisePeak(golden.noise, { limit: golden.limit }, ({ low, width, bins }) => {
      const counts = new Uint32Array(memory.buffer, SUMS, bins).fill(0)
      kernels.countBins(DATA, at, data.length, low, width, bins, MOST_BASELINE, SUMS)
      return counts
    })
    expect(Math.abs(found - golden.found)).toBeLessThan(1e-3)
    if (golden.shift > 10 || golden.shift < -golden.limit) expect(found).toBe(0)
    else expect(Math.abs(found - golden.shift)).toBeLessThan(1)
  })
})

test.each(WHOLE_GOLDEN.photons)('photons are numpy’s bits: $photon ADU, $fraction, at most $most', golden => {
  const energy = golden.photon === 1 ? 1 : 65.044
  const found = Array.from(valuesOf(golden, energy), d => photonsOf(d, golden))
  expect(found.map(({ photons }) => photons)).toEqual(golden.photons)
  expect(found.map(({ bits }) => bits)).toEqual(golden.mask)
})

test('pixels that never change are numpy’s', () => {
  const samples = samplesOf(WHOLE_GOLDEN.still)
  const pixels = WHOLE_GOLDEN.still.still.length
  for (const [i, train] of samples.entries())
    new Uint16Array(memory.buffer, DATA + i * 2 * pixels, pixels).set(train)
  const still = new Uint8Array(memory.buffer, SUMS, pixels).fill(0xff)
  kernels.clearVaried(DATA, 2, 2 * pixels, DATA, pixels, SUMS)
  kernels.clearVaried(DATA + 4 * pixels, 3, 2 * pixels, DATA, pixels, SUMS)
  expect(Array.from(still, flag => flag & 1)).toEqual(WHOLE_GOLDEN.still.still)
})

test.each(WHOLE_GOLDEN.noisy)('noisy blocks are numpy’s: more than $share', golden => {
  const masks = masksOf(golden)
  const marked = new Uint32Array(memory.buffer, DATA, masks.length)
  marked.set(masks)
  kernels.markNoisy(DATA, 128, 128, golden.share * 4096)
  const blockOf = (i: number): number => (i >> 13) * 2 + ((i >> 6) & 1)
  expect([...marked]).toEqual(Array.from(masks, (m, i) => m | (golden.bad[blockOf(i)] ? 1 << 17 : 0)))
})
