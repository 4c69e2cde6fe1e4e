import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blocksOf, type FrameRef } from '../../src/engine/plan/blocks.js'
import { tilesOf } from '../../src/engine/worker/tiles.js'

const frame = (row: number, cell: number): FrameRef => ({
  row,
  stride: 0,
  cell,
  corrected: row,
  combined: row * 16,
})

describe('blocksOf', () => {
  it('puts frames of one position of neighbouring trains side by side', () => {
    const trains = [0, 1, 2].map(train => [0, 1].map(position => frame(train * 2 + position, position)))
    const [first, second] = [...blocksOf(trains, { trains: 2, framesPerTrain: 2 })]
    expect([...(first?.rows ?? [])]).toEqual([0, 2, 1, 3])
    expect([...(first?.cells ?? [])]).toEqual([0, 0, 1, 1])
    expect([...(second?.rows ?? [])]).toEqual([4, 5])
  })

  it('lists all raw frames of a frame one behind the other', () => {
    const trains = [0, 6].map(first => [0, 1].map(i => ({ ...frame(first + i, i), stride: 2 })))
    const [block] = [...blocksOf(trains, { trains: 2, framesPerTrain: 2 }, 3)]
    expect([...(block?.rows ?? [])]).toEqual([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
    expect([...(block?.cells ?? [])]).toEqual([0, 0, 1, 1])
  })

  it('yields every frame once, in blocks that fit, whatever the trains', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 })
    const shape = fc.record({
      trains: fc.integer({ min: 1, max: 5 }),
      framesPerTrain: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(lengths, shape, (counts, block) => {
        let row = 0
        const trains = counts.map(count => Array.from({ length: count }, (_, cell) => frame(row++, cell)))
        const blocks = [...blocksOf(trains, block)]
        const rows = blocks.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)
        expect(rows).toEqual(Array.from({ length: row }, (_, i) => i))
        for (const { rows, cells, corrected, combined } of blocks) {
          expect(rows.length).toBeLessThanOrEqual(block.trains * block.framesPerTrain)
          expect(rows.length).toBeGreaterThan(0)
          expect([...corrected]).toEqual([...rows])
          expect([...combined]).toEqual([...rows].map(value => value * 16))
          expect(cells.length).toBe(rows.length)
        }
      }),
    )
  })
})

describe('tilesOf', () => {
  it('groups by cell and cuts at the tile size, every frame once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (cells, size) => {
          const tiles = tilesOf(Uint16Array.from(cells), size)
          expect(tiles.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual([...cells.keys()])
          for (const { cell, members } of tiles) {
            expect(members.length).toBeGreaterThan(0)
            expect(members.length).toBeLessThanOrEqual(size)
            for (const member of members) expect(cells[member]).toBe(cell)
          }
        },
      ),
    )
  })
})
