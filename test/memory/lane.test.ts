import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lane } from '../../src/memory/lane.js'
import { type LaneShape, laneLayout, MAX_LANE_BYTES, slotOffset } from '../../src/memory/lane-layout.js'
import { LanePool } from '../../src/memory/lane-pool.js'

const SHAPE: LaneShape = {
  pixels: 65536,
  cells: 2,
  planes: 8,
  rawFrameBytes: 262144,
  slotRawFrames: 4,
  slotFrames: 2,
  slots: 2,
}

describe('laneLayout', () => {
  it('keeps all parts apart and aligned, whatever the shape', () => {
    const shape = fc.record({
      pixels: fc.integer({ min: 1, max: 70_000 }),
      cells: fc.integer({ min: 1, max: 12 }),
      planes: fc.integer({ min: 1, max: 13 }),
      rawFrameBytes: fc.integer({ min: 2, max: 300_000 }),
      slotRawFrames: fc.integer({ min: 1, max: 32 }),
      slotFrames: fc.integer({ min: 1, max: 8 }),
      slots: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(shape, asked => {
        const layout = laneLayout(asked)
        const { pixels, rawFrameBytes, slotRawFrames, slotFrames } = asked
        const slot = layout.slot
        const parts: [from: number, bytes: number][] = [
          [layout.header, 4096],
          [layout.params, 32],
          [layout.constants, asked.cells * asked.planes * pixels * 4],
          ...Array.from({ length: asked.slots }, (_, i) => slotOffset(layout, i)).flatMap(
            (base): [number, number][] => [
              [base + slot.table, slotFrames * 32 + 8256],
              [base + slot.raw, slotRawFrames * rawFrameBytes],
              [base + slot.data, slotFrames * pixels * 4],
              [base + slot.gain, slotFrames * pixels],
              [base + slot.mask, slotFrames * pixels * 4],
              [base + slot.deflated, slot.deflatedBytes],
            ],
          ),
        ]
        for (const [i, [from, bytes]] of parts.entries()) {
          expect(from + bytes).toBeLessThanOrEqual(parts[i + 1]?.[0] ?? layout.bytes)
        }
        for (const at of [layout.constants, slot.table, slot.raw, slot.data, slot.mask])
          expect(at % 16).toBe(0)
      }),
    )
  })

  it('refuses what no WebAssembly memory can be', () => {
    expect(() => laneLayout({ ...SHAPE, cells: 5000 })).toThrow(RangeError)
    expect(laneLayout({ ...SHAPE, cells: 352 }).bytes).toBeLessThan(MAX_LANE_BYTES)
  })
})

describe('Lane', () => {
  it('walks a slot through its states, for its owner only', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    const worker = Lane.attach(lane.handle)
    lane.assign(1, 7, 0)
    expect(worker.state(1)).toBe('assigned')
    worker.advance(1, 7, 0, 'reading')
    expect(lane.state(1)).toBe('reading')
    expect(lane.state(0)).toBe('free')
    expect(() => lane.assign(1, 8, 0)).toThrow(/not free/)
  })

  it('fences off a worker whose slot was taken back', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    lane.assign(0, 7, 0)
    lane.release(0)
    expect(() => lane.advance(0, 7, 0, 'writing')).toThrow(/no longer belongs/)
    lane.assign(0, 8, 1)
    expect(() => lane.advance(0, 7, 0, 'writing')).toThrow(/no longer belongs/)
    expect(() => lane.advance(0, 8, 0, 'writing')).toThrow(/no longer belongs/)
    lane.advance(0, 8, 1, 'writing')
    expect(lane.state(0)).toBe('writing')
  })

  it('refuses memory that is not a lane of the layout named', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    const other = laneLayout({ ...SHAPE, cells: 1 })
    expect(() => Lane.attach({ ...lane.handle, layout: other })).toThrow(/does not have the layout/)
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true })
    expect(() => Lane.attach({ ...lane.handle, memory })).toThrow(/does not have the layout/)
  })

  it('knows its slots', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    expect(() => lane.state(2)).toThrow(RangeError)
    expect(() => lane.assign(-1, 1, 0)).toThrow(RangeError)
  })

  it('holds a slot whose task is done until it is released', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    lane.assign(0, 7, 0)
    expect(() => lane.hold(0)).toThrow(/not done/)
    lane.advance(0, 7, 0, 'done')
    lane.hold(0)
    expect(Lane.attach(lane.handle).state(0)).toBe('held')
    expect(() => lane.assign(0, 8, 0)).toThrow(/not free/)
    lane.release(0)
    lane.assign(0, 8, 0)
  })

  it('is laid out anew in its memory, which grows, up to what a memory can be', () => {
    const lane = Lane.allocate(laneLayout(SHAPE))
    lane.assign(0, 7, 0)
    const again = lane.reuse(laneLayout({ ...SHAPE, cells: 1 }))
    expect(again.handle.memory).toBe(lane.handle.memory)
    expect(again.state(0)).toBe('free')
    expect(() => Lane.attach(lane.handle)).toThrow(/does not have the layout/)
    const grown = again.reuse(laneLayout({ ...SHAPE, cells: 50 }))
    expect(grown.handle.memory).toBe(lane.handle.memory)
    expect(grown.handle.memory.buffer.byteLength).toBeGreaterThanOrEqual(grown.handle.layout.bytes)
    expect(Lane.attach(grown.handle).state(0)).toBe('free')
    expect(() => grown.reuse({ ...grown.handle.layout, bytes: 2 ** 33 })).toThrow(RangeError)
  })
})

describe('LanePool', () => {
  it('lends the smallest memory that fits, else the largest, which grows, and a new one where there is none', () => {
    const pool = new LanePool()
    const [large, small] = [SHAPE, { ...SHAPE, cells: 1 }].map(shape => pool.lend(1, laneLayout(shape))[0])
    pool.giveBack([large, small].filter(lane => lane !== undefined))
    const [first, second, third] = pool.lend(3, laneLayout({ ...SHAPE, cells: 1 }))
    expect(first?.handle.memory).toBe(small?.handle.memory)
    expect(second?.handle.memory).toBe(large?.handle.memory)
    expect([large, small].map(lane => lane?.handle.id)).not.toContain(third?.handle.id)
    pool.giveBack([first, second].filter(lane => lane !== undefined))
    const [grown] = pool.lend(1, laneLayout({ ...SHAPE, cells: 50 }))
    expect(grown?.handle.memory).toBe(large?.handle.memory)
  })
})
