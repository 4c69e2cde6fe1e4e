import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { darkScratchBytes, darkSumsBytes } from '../../src/wasm/kernels.js'
import { floats, kernels, words } from './memory.js'

const samples = new Uint16Array(words.buffer)

interface Problem {
  readonly frames: number
  readonly pixels: number
  readonly shift: number
  readonly bits: number
  readonly zeroAs: number
  readonly value: (frame: number, pixel: number) => number
}

interface Found {
  readonly median: number
  readonly mean: number
  readonly deviation: number
}

const SRC = 65536

/** Runs the kernel, with a gap between frames as strips have it; every output must lie where it was asked for. */
function run({ frames, pixels, shift, bits, zeroAs, value }: Problem): Found[] {
  const stride = 2 * pixels + 48
  const align = (at: number) => Math.ceil(at / 16) * 16
  for (let f = 0; f < frames; f++)
    for (let p = 0; p < pixels; p++) samples[(SRC + f * stride) / 2 + p] = value(f, p)
  const median = align(SRC + frames * stride)
  const mean = median + 4 * pixels
  const deviation = mean + 4 * pixels
  const guard = deviation + 4 * pixels
  const scratch = guard + 16
  words[guard / 4] = 0xabcdef01
  const end = align(scratch + darkScratchBytes(frames))
  words[end / 4] = 0x12345678
  kernels.darkStatistics(SRC, frames, stride, pixels, shift, bits, zeroAs, median, mean, deviation, scratch)
  expect([words[guard / 4], words[end / 4]]).toEqual([0xabcdef01, 0x12345678])
  return Array.from({ length: pixels }, (_, p) => ({
    median: floats[median / 4 + p]!,
    mean: floats[mean / 4 + p]!,
    deviation: floats[deviation / 4 + p]!,
  }))
}

/** Mean and deviation, of sums over `atOnce` frames at a time. */
function summed(
  { frames, pixels, shift, bits, zeroAs, value }: Problem,
  atOnce: number,
): Omit<Found, 'median'>[] {
  const stride = 2 * pixels + 48
  const align = (at: number) => Math.ceil(at / 16) * 16
  const sums = align(SRC + atOnce * stride)
  const mean = sums + align(darkSumsBytes(pixels))
  const deviation = mean + 4 * pixels
  const guard = deviation + 4 * pixels
  words[guard / 4] = 0xabcdef01
  for (let from = 0; from < frames; from += atOnce) {
    const count = Math.min(atOnce, frames - from)
    for (let f = 0; f < count; f++)
      for (let p = 0; p < pixels; p++) samples[(SRC + f * stride) / 2 + p] = value(from + f, p)
    kernels.darkSums(SRC, count, stride, pixels, shift, bits, zeroAs, sums, from === 0 ? 1 : 0)
  }
  kernels.darkMoments(sums, frames, pixels, mean, deviation)
  expect(words[guard / 4]).toBe(0xabcdef01)
  return Array.from({ length: pixels }, (_, p) => ({
    mean: floats[mean / 4 + p]!,
    deviation: floats[deviation / 4 + p]!,
  }))
}

/** The definition, by sorting and with integers that do not round. */
function expected({ frames, pixels, shift, bits, zeroAs, value }: Problem): Found[] {
  return Array.from({ length: pixels }, (_, p) => {
    const v = Array.from({ length: frames }, (_, f) => (value(f, p) >> shift) & bits || zeroAs)
    const sorted = [...v].sort((a, b) => a - b)
    const half = frames / 2
    const n = BigInt(frames)
    const sum = v.reduce((total, x) => total + BigInt(x), 0n)
    const squares = v.reduce((total, x) => total + BigInt(x) * BigInt(x), 0n)
    return {
      median: (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2,
      mean: Math.fround(Number(sum) / frames),
      deviation: Math.fround(Math.sqrt(Number(n * squares - sum * sum)) / frames),
    }
  })
}

const WHOLE = { shift: 0, bits: 0xffff, zeroAs: 0 }

describe('median, mean and standard deviation of dark frames', () => {
  it('are exact for any number of frames, ties and spread', () => {
    // Medians of 24 and 90 values are looked for in wider windows than those of 8.
    const spread = fc.constantFrom(1, 2, 3, 8, 24, 60, 90, 1000, 40_000, 65_536)
    fc.assert(
      fc.property(
        // From 64 frames on a window around the mean is tried first.
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 64, max: 150 })),
        fc.constantFrom(8, 16, 24, 32, 40, 64),
        spread,
        fc.integer({ min: 0, max: 65_535 }),
        fc.infiniteStream(fc.nat(0xffff)),
        (frames, pixels, spread, base, stream) => {
          const drawn = [...stream.take(frames * pixels)].map(n => Math.min(65_535, base + (n % spread)))
          const problem = {
            ...WHOLE,
            frames,
            pixels,
            value: (f: number, p: number) => drawn[f * pixels + p]!,
          }
          expect(run(problem)).toEqual(expected(problem))
        },
      ),
      { numRuns: 300, seed: 20_260_131 },
    )
  })

  it('are the same of sums over a few frames at a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.constantFrom(8, 16, 40),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(1, 8, 90, 600, 1000, 2000, 65_536),
        fc.integer({ min: 0, max: 65_535 }),
        fc.constantFrom(WHOLE, { shift: 12, bits: 3, zeroAs: 0 }, { shift: 0, bits: 0xffff, zeroAs: 256 }),
        fc.infiniteStream(fc.nat(0xffff)),
        (frames, pixels, atOnce, spread, base, decode, stream) => {
          const drawn = [...stream.take(frames * pixels)].map(n => Math.min(65_535, base + (n % spread)))
          const value = (f: number, p: number) => drawn[f * pixels + p]!
          const problem = { ...decode, frames, pixels, value }
          const moments = expected(problem).map(({ mean, deviation }) => ({ mean, deviation }))
          expect(summed(problem, atOnce)).toEqual(moments)
        },
      ),
      { numRuns: 200, seed: 4 },
    )
  })

  it('are the same of sums over the most frames, whose pixels use the whole range', () => {
    const value = (f: number, p: number) =>
      p === 0 ? (f % 2) * 65_535 : p === 1 ? 65_535 : (f * 7919 + p) % 65_536
    const problem = { ...WHOLE, frames: 65_535, pixels: 8, value }
    expect(summed(problem, 64)).toEqual(expected(problem).map(({ mean, deviation }) => ({ mean, deviation })))
  })

  // Uniform over 8 to 250 values: medians lie within the narrow window, the wide one, and outside of both.
  it.each([8, 40, 90, 150, 250])('are exact for 200 and 201 frames that spread over %i values', spread => {
    const noise = (f: number, p: number) => (Math.imul(f * 64 + p + 1, 0x9e3779b1) >>> 10) % spread
    for (const frames of [200, 201, 701]) {
      const problem = {
        ...WHOLE,
        frames,
        pixels: 64,
        value: (f: number, p: number) => 5000 + p + noise(f, p),
      }
      expect(run(problem)).toEqual(expected(problem))
    }
  })

  it('are exact where the middle samples lie far apart', () => {
    const value = (f: number, p: number) => (f % 2 ? 5000 + (p % 25) : 5000)
    const problem = { ...WHOLE, frames: 128, pixels: 64, value }
    expect(run(problem)).toEqual(expected(problem))
  })

  it.each([1, 2, 3, 4, 5, 199, 200, 201, 1000])('are exact for %i frames', frames => {
    const noise = (f: number, p: number) => (Math.imul(f * 64 + p + 1, 0x9e3779b1) >>> 20) % 97
    const problem = { ...WHOLE, frames, pixels: 64, value: (f: number, p: number) => 5000 + p + noise(f, p) }
    expect(run(problem)).toEqual(expected(problem))
  })

  it('hold a run of the most frames whose pixels use the whole range', () => {
    const value = (f: number, p: number) =>
      p === 0 ? (f % 2) * 65_535 : p === 1 ? 65_535 : (f * 7919 + p) % 65_536
    const problem = { ...WHOLE, frames: 65_535, pixels: 8, value }
    expect(run(problem)).toEqual(expected(problem))
  })

  it.each([
    0, 300, 511, 512, 65_023, 65_024, 65_300, 65_535,
  ])('are exact where the first sample is %i', first => {
    const others = [0, 1, 511, 512, 1023, 1024, 65_023, 65_024, 65_535]
    const value = (f: number, p: number) =>
      f === 0 ? first : f % 3 === 0 ? others[(p >> 3) % others.length]! : Math.max(0, first - f)
    const problem = { ...WHOLE, frames: 7, pixels: 72, value }
    expect(run(problem)).toEqual(expected(problem))
  })

  it('are exact for a run of many frames whose pixels stay near their first sample', () => {
    const value = (f: number, p: number) =>
      f === 0 ? 5512 : 5000 + ((Math.imul(f * 64 + p, 0x9e3779b1) >>> 9) % 1024)
    const problem = { ...WHOLE, frames: 5003, pixels: 32, value }
    expect(run(problem)).toEqual(expected(problem))
  })

  it('decode bits first: LPD signal and gain, DSSC zero', () => {
    const value = (f: number, p: number) => Math.imul(f * 31 + p, 0x9e3779b1) >>> (p % 3 === 0 ? 31 : 16)
    const shape = { frames: 11, pixels: 32, value }
    for (const decode of [
      { shift: 0, bits: 0xfff, zeroAs: 0 },
      { shift: 12, bits: 3, zeroAs: 0 },
      { shift: 0, bits: 0xffff, zeroAs: 256 },
    ])
      expect(run({ ...shape, ...decode })).toEqual(expected({ ...shape, ...decode }))
  })

  it('do not depend on the order of the frames', () => {
    const value = (f: number, p: number) => 6000 + (Math.imul(f * 40 + p, 0x9e3779b1) >>> 23)
    const shape = { ...WHOLE, frames: 30, pixels: 40 }
    expect(run({ ...shape, value: (f, p) => value(29 - f, p) })).toEqual(run({ ...shape, value }))
  })
})
