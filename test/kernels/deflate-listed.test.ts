import { inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameTable } from '../../src/memory/frame-table.js'
import { writeParams } from '../../src/wasm/kernels.js'
import { bytes, kernels, words } from './memory.js'

const PARAMS = 65536
const TABLE = PARAMS + 4096
const MASKS = 2 * 65536
const KEPT = 16 * 65536
const LISTS = 32 * 65536
const SCRATCH = 64 * 65536
const DST = 128 * 65536 + 5 // odd on purpose
const GUARD = 0x5a

/** A pixel whose gain or mask is not what the cell's first stage says. */
interface Departure {
  readonly gain: number
  readonly mask: number
}

interface ListedFrames {
  readonly masks: Uint32Array
  readonly stage: number
  readonly frames: readonly ReadonlyMap<number, Departure>[]
}

interface Room {
  readonly capacity?: number
  readonly kept?: number
  readonly scratch?: number
  /** Departures each list holds. */
  readonly list?: number
  /** The kept masks of the call before are those of this one. */
  readonly again?: boolean
}

/** Deflates, checks that nothing was written beyond the streams, and returns them inflated, or undefined if refused. */
function deflate({ masks, stage, frames }: ListedFrames, room: Room = {}) {
  const { capacity = 1 << 20, kept = 1 << 18, scratch = 1 << 19, list = 4096, again = false } = room
  const pixels = masks.length
  writeParams(words.buffer, PARAMS, pixels, [stage, 0, 0, 0])
  words.set(masks, MASKS / 4)
  if (!again) words[KEPT / 4] = 0
  for (const [at, size] of [
    [KEPT, kept],
    [SCRATCH, scratch],
    [DST, capacity],
  ] as const)
    bytes.fill(GUARD, at + size, at + size + 64)
  const table = new FrameTable(words.buffer, TABLE, frames.length)
  frames.forEach((departures, i) => {
    const start = LISTS + i * 8 * list
    table.set(i, { raw: 0, data: 0, gain: start, mask: start + 8 * list })
    words[(TABLE + 32 * i) / 4 + 4] = departures.size
    ;[...departures].slice(0, list).forEach(([p, { gain, mask }], k) => {
      words[start / 4 + 2 * k] = (p | (mask === masks[p] ? 0 : 1 << 29) | (gain << 30)) >>> 0
      words[start / 4 + 2 * k + 1] = mask
    })
  })
  const total = kernels.deflateListed(
    TABLE,
    frames.length,
    MASKS,
    PARAMS,
    KEPT,
    kept,
    SCRATCH,
    scratch,
    DST,
    capacity,
  )
  for (const end of [KEPT + kept, SCRATCH + scratch, DST + capacity])
    expect(bytes.subarray(end, end + 64).every(byte => byte === GUARD)).toBe(true)
  if (total === 0) return undefined
  let at = DST
  const next = (length: number): Uint8Array => {
    at += length
    return new Uint8Array(inflateSync(bytes.slice(at - length, at)))
  }
  const planes = frames.map((_, i) => {
    const { gain, mask } = table.streams(i)
    return { gain: hex(next(gain)), mask: hex(next(mask)) }
  })
  expect(at - DST).toBe(total)
  return planes
}

function planesOf({ masks, stage, frames }: ListedFrames) {
  return frames.map(departures => {
    const gain = new Uint8Array(masks.length).fill(stage)
    const mask = masks.slice()
    for (const [p, departure] of departures) {
      gain[p] = departure.gain
      mask[p] = departure.mask
    }
    return { gain: hex(gain), mask: hex(new Uint8Array(mask.buffer)) }
  })
}

/** Compared as text, which is much faster than element by element. */
function hex(plane: Uint8Array): string {
  return Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength).toString('hex')
}

const word = fc.oneof(fc.constantFrom(0, 0, 0, 1, 5, 0x80000000, 0xffffffff), fc.nat(0xffffffff))
const listed: fc.Arbitrary<ListedFrames> = fc.nat(3000).chain(pixels =>
  fc
    .record({
      masks: fc
        .array(fc.tuple(fc.nat(Math.max(0, pixels - 1)), fc.integer({ min: 1, max: 600 }), word), {
          maxLength: 40,
        })
        .map(runs => {
          const masks = new Uint32Array(pixels)
          for (const [first, count, value] of runs) masks.fill(value, first, first + count)
          return masks
        }),
      stage: fc.constantFrom(0, 0, 1, 2),
      frames: fc.array(
        fc
          .array(
            fc.tuple(
              fc.nat(Math.max(0, pixels - 1)),
              fc.integer({ min: 1, max: 12 }),
              fc.nat(2),
              word,
              fc.boolean(),
            ),
            { maxLength: pixels === 0 ? 0 : 60 },
          )
          .map(
            list =>
              new Map(
                list
                  .flatMap(([p, count, gain, mask, same]) =>
                    Array.from(
                      { length: count },
                      (_, i) => [p + i, { gain, mask: same ? -1 : mask }] as const,
                    ),
                  )
                  .filter(([p]) => p < pixels)
                  .sort(([a], [b]) => a - b),
              ),
          ),
        { maxLength: 5 },
      ),
    })
    .map(({ masks, stage, frames }) => ({
      masks,
      stage,
      // −1: the mask that the pixel has anyway.
      frames: frames.map(
        frame =>
          new Map([...frame].map(([p, { gain, mask }]) => [p, { gain, mask: mask < 0 ? masks[p]! : mask }])),
      ),
    })),
)

describe('deflateListed', () => {
  test('inflates to the planes of any departures over any masks, from kept masks and from new ones', () => {
    fc.assert(
      fc.property(listed, input => {
        const expected = planesOf(input)
        expect(deflate(input) ?? []).toEqual(expected)
        expect(deflate(input, { again: true }) ?? []).toEqual(expected)
        expect(deflate(input, { kept: 64 }) ?? []).toEqual(expected)
      }),
      { numRuns: 400 },
    )
  })

  test('never writes beyond its rooms, and refuses what does not fit them', () => {
    fc.assert(
      fc.property(listed, fc.nat(3000), fc.nat(3000), fc.nat(12000), (input, capacity, kept, scratch) => {
        const rooms = { capacity, kept: 64 + kept, scratch }
        const streams = deflate(input, rooms)
        if (streams) expect(streams).toEqual(planesOf(input))
      }),
      { numRuns: 400 },
    )
  })

  test('refuses lists that were too long for their room', () => {
    const departures = new Map([3, 5, 9].map(p => [p, { gain: 1, mask: 0 }]))
    const input = { masks: new Uint32Array(100), stage: 0, frames: [departures] }
    expect(deflate(input, { list: 2 })).toBeUndefined()
    expect(deflate(input, { list: 3 })).toEqual(planesOf(input))
  })

  test('takes over what was kept of masks, whatever became of the plane since', () => {
    const input = { masks: new Uint32Array(5000).fill(7, 100, 3000), stage: 0, frames: [new Map()] }
    const expected = planesOf(input)
    expect(deflate(input)).toEqual(expected)
    expect(deflate({ ...input, masks: new Uint32Array(5000) }, { again: true })).toEqual(expected)
  })

  test('a frame of a megapixel detector’s module with 0.4 % switched takes less than 2800 bytes', () => {
    const masks = new Uint32Array(65536)
    const frame = new Map(Array.from({ length: 262 }, (_, i) => [i * 250, { gain: 1, mask: 0 }]))
    expect(deflate({ masks, stage: 0, frames: [frame] })).toEqual(
      planesOf({ masks, stage: 0, frames: [frame] }),
    )
    const table = new FrameTable(words.buffer, TABLE, 1)
    expect(table.streams(0).gain + table.streams(0).mask).toBeLessThan(2800)
  })
})
