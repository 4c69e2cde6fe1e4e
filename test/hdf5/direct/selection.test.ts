import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Unsupported } from '../../../src/hdf5/direct/errors.js'
import { Cursor, FileView } from '../../../src/hdf5/direct/file-view.js'
import { paired, readSelection } from '../../../src/hdf5/direct/selection.js'
import { scratch } from '../../helpers/exdf.js'
import { withFd } from './golden.js'

/** Little-endian words as the file format's specification lists them: [bytes, value]. */
function selectionOf(fields: readonly (readonly [bytes: number, value: number])[]) {
  const path = join(scratch(), 'view')
  writeFileSync(path, 'x')
  const bytes = Buffer.concat(
    fields.map(([length, value]) => {
      const field = Buffer.alloc(length, value < 0 ? 255 : 0)
      if (value >= 0) field.writeUIntLE(value, 0, Math.min(length, 6))
      return field
    }),
  )
  return withFd(path, fd => readSelection(new Cursor(bytes, new FileView(fd, path, 'd'), 'a selection')))
}

const u32 = (...values: number[]) => values.map((value): [number, number] => [4, value])
const HYPERSLAB = 2

describe('selections as HDF5 1.12 and later store them', () => {
  test('regular, in two bytes a number, one axis without end', () => {
    const dims = [1, 1, 1, -1, 0, 2, 3, 1].map((value): [number, number] => [2, value])
    expect(selectionOf([...u32(HYPERSLAB, 3), [1, 1], [1, 2], ...u32(2), ...dims])).toEqual({
      kind: 'steps',
      steps: [
        { start: 1, stride: 1, count: 1, block: Infinity },
        { start: 0, stride: 2, count: 3, block: 1 },
      ],
    })
  })

  test('blocks that are a grid, in eight bytes', () => {
    const corners = [0, 0, 1, 2, 0, 5, 1, 6].map((value): [number, number] => [8, value])
    expect(selectionOf([...u32(HYPERSLAB, 3), [1, 0], [1, 8], ...u32(2), [8, 2], ...corners])).toEqual({
      kind: 'runs',
      runs: [
        [{ start: 0, count: 2 }],
        [
          { start: 0, count: 3 },
          { start: 5, count: 2 },
        ],
      ],
    })
  })
})

describe('what cannot be judged', () => {
  test('points', () => expect(() => selectionOf(u32(1, 1, 0, 0))).toThrow(Unsupported))
  test('blocks that are no grid', () => {
    const corners = u32(0, 0, 1, 1, 4, 5, 6, 7)
    expect(() => selectionOf([...u32(HYPERSLAB, 1, 0, 0, 2, 2), ...corners])).toThrow(/not a grid of blocks/)
  })
})

test('runs of two dimensions are cut where either ends', () => {
  const a = [
    { start: 0, count: 3 },
    { start: 10, count: 3 },
  ]
  const b = [
    { start: 5, count: 2 },
    { start: 8, count: 4 },
  ]
  expect(paired(a, b)).toEqual([
    { a: 0, b: 5, count: 2 },
    { a: 2, b: 8, count: 1 },
    { a: 10, b: 9, count: 3 },
  ])
})
