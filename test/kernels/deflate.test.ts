import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { bytes, kernels } from './memory.js'

const SRC = 65536 + 3 // odd on purpose
const DST = 8 * 1024 * 1024 + 1
const GUARD = 0x5a

/** Deflates `input` with `capacity`, checks that nothing else was written, and returns the stream. */
function deflate(input: Uint8Array, capacity: number, using = kernels): Uint8Array | undefined {
  bytes.set(input, SRC)
  bytes.fill(GUARD, DST - 16, DST + capacity + 64)
  const length = using.deflateRuns(SRC, input.length, DST, capacity)
  expect(length).toBeLessThanOrEqual(capacity)
  const guards = [...bytes.subarray(DST - 16, DST), ...bytes.subarray(DST + capacity, DST + capacity + 64)]
  expect(guards.every(byte => byte === GUARD)).toBe(true)
  return length === 0 ? undefined : bytes.slice(DST, DST + length)
}

function expectSame(input: Uint8Array): number {
  const stream = deflate(input, 4 * input.length + 256)
  expect(stream).toBeDefined()
  const back = inflateSync(stream!)
  expect(Buffer.compare(back, input)).toBe(0)
  return stream!.length
}

/** Stretches of one byte, of one u32, and of noise: every way the runs can meet. */
const pieces = fc
  .array(
    fc.oneof(
      fc.record({
        word: fc.constantFrom([0], [255], [7], [8, 0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 128]),
        times: fc.oneof(fc.nat(6), fc.nat(70), fc.nat(1100)),
      }),
      fc.record({
        word: fc.uint8Array({ maxLength: 9 }).map(noise => [...noise]),
        times: fc.constantFrom(1, 2),
      }),
    ),
    { maxLength: 12 },
  )
  .map(list =>
    Uint8Array.from(list.flatMap(({ word, times }) => Array<readonly number[]>(times).fill(word).flat())),
  )

test('inflates to what was deflated, for any mixture of runs and noise', () => {
  fc.assert(
    fc.property(pieces, input => void expectSame(input)),
    { numRuns: 1500 },
  )
})

test('every length of a run comes back, of bytes and of words, with something before and behind', () => {
  for (const length of [...Array(560).keys(), 774, 775, 776, 65535, 65536, 65537]) {
    const run = new Uint8Array(length + 9)
    run.set([9, 8], 0)
    run.set([5, 6, 7], length + 6)
    expectSame(run)
    run.forEach((_, i) => {
      run[i] = [8, 1, 0, 0][i % 4]!
    })
    expectSame(run.subarray(0, length))
  }
})

test('every byte value comes back', () => {
  expectSame(Uint8Array.from({ length: 1024 }, (_, i) => (i * 167 + (i >> 8)) & 255))
  expectSame(new Uint8Array(300000).fill(255))
})

test('never writes beyond the capacity and never claims more', () => {
  fc.assert(
    fc.property(pieces, fc.nat(400), (input, capacity) => {
      const stream = deflate(input, capacity)
      if (stream) expect(Buffer.compare(inflateSync(stream), input)).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('refuses what does not fit, and takes it with sixteen bytes of slack', () => {
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24)
  expect(deflate(noise, 5000)).toBeUndefined()
  const sparse = new Uint8Array(65536)
  for (let i = 0; i < sparse.length; i += 251) sparse[i] = 1
  const size = expectSame(sparse)
  expect(deflate(sparse, size + 16)?.length).toBe(size)
  expect(deflate(sparse, size - 1)).toBeUndefined()
  expect(deflate(sparse, 0)).toBeUndefined()
})

test('an empty gain plane takes 300 bytes at most, one with 0.4 % switched 1400', () => {
  const gain = new Uint8Array(65536)
  expect(expectSame(gain)).toBeLessThan(300)
  for (let i = 0; i < gain.length; i += 250) gain[i] = 1 + (i % 2)
  expect(expectSame(gain)).toBeLessThan(1400)
})

test('a second instance on the same memory leaves the first one right', () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true })
  const [first, second] = [0, 0].map(() => instantiateKernels(kernelModule(), memory))
  const all = new Uint8Array(memory.buffer)
  const check = (using: typeof kernels): void => {
    const length = using.deflateRuns(65536, 1000, 2 * 65536, 65536)
    expect(inflateSync(all.slice(2 * 65536, 2 * 65536 + length))).toEqual(Buffer.alloc(1000))
  }
  check(first!)
  check(second!)
  check(first!)
})
