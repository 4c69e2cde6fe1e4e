import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { bytes, floats, kernels, view, words } from './memory.js'

const TABLE = 65536
const SRC = 2 * 65536
const DST = 8 * 1024 * 1024
const GUARD = 0x5a5a5a5a

beforeEach(() => {
  bytes.fill(0x5a)
})

const doubles = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, NaN, 1e-42, 1e300, -1e300, 3.4028235677973366e38, 5000.123456789),
)
const u32s = fc.nat(0xffffffff)

/** How a kind stores an element, and the word it leaves where `before` was. */
const KINDS = {
  gatherF64: { size: 8, put: (at: number, v: number) => view.setFloat64(at, v, true), values: doubles },
  gather32: { size: 4, put: (at: number, v: number) => view.setUint32(at, v, true), values: u32s },
  orU32: { size: 4, put: (at: number, v: number) => view.setUint32(at, v, true), values: u32s },
  timesF64: { size: 8, put: (at: number, v: number) => view.setFloat64(at, v, true), values: doubles },
  timesF32: { size: 4, put: (at: number, v: number) => view.setFloat32(at, v, true), values: doubles },
  orU64: {
    size: 8,
    put: (at: number, v: number) => view.setBigUint64(at, BigInt(v), true),
    values: fc.oneof({ weight: 20, arbitrary: u32s }, { weight: 1, arbitrary: fc.nat(2 ** 52) }),
  },
  orF64: {
    size: 8,
    put: (at: number, v: number) => view.setFloat64(at, v, true),
    values: fc.oneof(
      { weight: 20, arbitrary: u32s },
      { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, 2 ** 32, NaN, Infinity) },
    ),
  },
} as const
type Kind = keyof typeof KINDS

const scratch = new DataView(new ArrayBuffer(4))
function expectedWord(kind: Kind, value: number, before: number): number {
  if (kind === 'gatherF64') {
    scratch.setFloat32(0, Math.fround(value))
    return scratch.getUint32(0)
  }
  if (kind.startsWith('times')) {
    scratch.setUint32(0, before)
    scratch.setFloat32(0, scratch.getFloat32(0) * Math.fround(value))
    return scratch.getUint32(0)
  }
  if (kind === 'gather32') return value
  return (before | Number(BigInt.asUintN(32, BigInt(value)))) >>> 0
}

const isNaNWord = (word: number): boolean => (word & 0x7fffffff) > 0x7f800000
const isU32 = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** 32

describe.each(Object.keys(KINDS) as Kind[])('%s', kind => {
  const { size, put, values } = KINDS[kind]

  test('moves every wanted element to its place, in CalCat’s and in image order, and nothing else', () => {
    const shape = fc.record({
      elements: fc.integer({ min: 1, max: 19 }),
      fast: fc.oneof(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 12, max: 90 })),
      slow: fc.integer({ min: 1, max: 3 }),
      gap: fc.nat(2),
      to: fc.nat(3),
      imageOrder: fc.boolean(),
      skip: fc.nat(6),
    })
    const input = shape.chain(s =>
      fc.tuple(
        fc.constant(s),
        fc.array(values, {
          minLength: s.elements * s.fast * s.slow,
          maxLength: s.elements * s.fast * s.slow,
        }),
      ),
    )
    fc.assert(
      fc.property(input, ([{ elements, fast, slow, gap, to, imageOrder, skip }, numbers]) => {
        bytes.fill(0x5a, DST, DST + 4 * 19 * 400)
        const strides = imageOrder
          ? { element: slow * fast, slow: fast, fast: 1 }
          : { element: 1, slow: elements, fast: slow * elements }
        const width = fast + gap
        const planeWords = to + slow * width + 2
        const expected = new Map<number, number>()
        let refused = 0
        for (let e = 0; e < elements; e++) {
          const plane = DST + 4 * (elements - 1 - e) * planeWords
          const wanted = e % 7 !== skip
          words[TABLE / 4 + e] = wanted ? plane : 0
          for (let ss = 0; ss < slow; ss++)
            for (let fs = 0; fs < fast; fs++) {
              const index = e * strides.element + ss * strides.slow + fs * strides.fast
              const value = numbers[index]!
              put(SRC + size * index, value)
              if (!wanted) continue
              if (kind.startsWith('or') && kind.endsWith('64') && !isU32(value)) refused++
              else expected.set(plane / 4 + to + ss * width + fs, expectedWord(kind, value, GUARD))
            }
        }
        const got = kernels[kind](
          SRC,
          strides.element * size,
          strides.fast * size,
          strides.slow * size,
          TABLE,
          elements,
          fast,
          slow,
          4 * width,
          4 * to,
        )
        expect(got).toBe(refused)
        for (let i = DST / 4; i < DST / 4 + elements * planeWords + 8; i++) {
          const word = expected.get(i)
          if (word === undefined) {
            if (refused === 0) expect(words[i]).toBe(GUARD)
          } else if (kind !== 'gather32' && kind !== 'orU32' && isNaNWord(word)) expect(floats[i]).toBeNaN()
          else expect(words[i]).toBe(word)
        }
      }),
      { numRuns: 150 },
    )
  })
})

test('fill32 writes exactly the words asked', () => {
  for (const count of [0, 1, 3, 4, 7, 64]) {
    bytes.fill(0x5a, DST, DST + 1024)
    kernels.fill32(DST, count, 0x80000001)
    expect([...words.subarray(DST / 4, DST / 4 + 80)]).toEqual(
      Array.from({ length: 80 }, (_, i) => (i < count ? 0x80000001 : GUARD)),
    )
  }
})

test('agipdThresholds changes no pixel’s stage beside the gap, and lets T0 alone tell high gain', () => {
  const threshold = fc.oneof(
    fc.float({ min: -10, max: 20, noNaN: true }),
    fc.constantFrom(NaN, -0, 0, Infinity, -Infinity, 65535),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(threshold, threshold), { maxLength: 13, size: 'max' }),
      fc.boolean(),
      (pairs, gap) => {
        const T0 = SRC / 4
        const T1 = T0 + 64
        pairs.forEach(([t0, t1], i) => {
          floats[T0 + i] = t0
          floats[T1 + i] = t1
        })
        words[T0 + pairs.length] = words[T1 + pairs.length] = GUARD
        kernels.agipdThresholds(4 * T0, 4 * T1, pairs.length, gap ? 1 : 0)
        expect([words[T0 + pairs.length], words[T1 + pairs.length]]).toEqual([GUARD, GUARD])
        pairs.forEach(([t0, second], i) => {
          const close = gap && second <= Math.fround(Math.fround(1.05) * t0)
          const t1 = close ? 65535 : second
          for (const r of [0, 1, 5, 10, 12, 21, 65535]) {
            const stage = r > t1 ? 2 : r > t0 ? 1 : 0
            expect(r > floats[T1 + i]! ? 2 : r > floats[T0 + i]! ? 1 : 0).toBe(stage)
            expect(r <= floats[T0 + i]!).toBe(stage === 0)
          }
        })
      },
    ),
    { numRuns: 500 },
  )
})
