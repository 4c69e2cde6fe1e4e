import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AGIPD_1M } from '../../src/kits/agipd/record.js'
import { trainId } from '../../src/model/ids.js'
import {
  inRanges,
  parseModules,
  parseRanges,
  parseSlice,
  parseTrains,
  positionsOf,
  type Slice,
  selectTrains,
} from '../../src/sources/run/query.js'

const expand = ({ start, step, count }: ReturnType<typeof positionsOf>) =>
  Array.from({ length: count }, (_, i) => start + i * step)

/** Python's definition, item by item: walk from the start by the step while on this side of the stop. */
function pythonSlice({ start, stop, step }: Slice, length: number): number[] {
  const resolve = (value: number, low: number, high: number) => {
    const absolute = value < 0 ? value + length : value
    return absolute < low ? low : Math.min(absolute, high)
  }
  const out: number[] = []
  if (step > 0) {
    const to = stop === undefined ? length : resolve(stop, 0, length)
    for (let i = start === undefined ? 0 : resolve(start, 0, length); i < to; i += step) out.push(i)
  } else {
    const to = stop === undefined ? -1 : resolve(stop, -1, length - 1)
    for (let i = start === undefined ? length - 1 : resolve(start, -1, length - 1); i > to; i += step)
      out.push(i)
  }
  return out
}

const end = fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined })
const slices = fc
  .tuple(
    end,
    end,
    fc.integer({ min: -5, max: 5 }).filter(step => step !== 0),
  )
  .map(
    ([start, stop, step]): Slice => ({
      ...(start !== undefined && { start }),
      ...(stop !== undefined && { stop }),
      step,
    }),
  )

describe('slices', () => {
  test('take what Python takes, in ascending order', () => {
    fc.assert(
      fc.property(slices, fc.nat(10), (slice, length) => {
        const expected = pythonSlice(slice, length).sort((a, b) => a - b)
        expect(expand(positionsOf(slice, length))).toEqual(expected)
      }),
      { seed: 1, numRuns: 3000 },
    )
  })

  test('are written as in Python and read back the same', () => {
    fc.assert(
      fc.property(slices, ({ start, stop, step }) => {
        const text = `${start ?? ''}:${stop ?? ''}:${step}`
        expect(parseSlice(text, '--pulses')).toEqual({
          ...(start !== undefined && { start }),
          ...(stop !== undefined && { stop }),
          step,
        })
      }),
      { seed: 2 },
    )
  })

  test('known forms', () => {
    const take = (text: string) => expand(positionsOf(parseSlice(text, '--trains'), 6))
    expect(take(':')).toEqual([0, 1, 2, 3, 4, 5])
    expect(take('::2')).toEqual([0, 2, 4])
    expect(take('-2:')).toEqual([4, 5])
    expect(take('1:-1:3')).toEqual([1, 4])
    expect(take('4:1')).toEqual([])
    expect(take('::-4')).toEqual([1, 5])
    expect(take(`0:${'9'.repeat(400)}:${'9'.repeat(400)}`)).toEqual([0])
  })

  test.each(['', '3', 'a:b', '1:2:3:4', '1.5:2', '0x1:2', '::0'])('refuse %j', text => {
    expect(() => parseSlice(text, '--pulses')).toThrow(expect.objectContaining({ tag: 'usage' }))
  })
})

describe('trains', () => {
  const ids = [100, 103, 104, 110].map(trainId)
  const take = (text: string) => selectTrains(ids, parseTrains(text))

  test('by position and by id', () => {
    expect(take('1:3')).toEqual([103, 104])
    expect(take('::-3')).toEqual([100, 110])
    expect(take('id=103:110')).toEqual([103, 104])
    expect(take('id=:104')).toEqual([100, 103])
    expect(take('id=104:')).toEqual([104, 110])
    expect(selectTrains(ids, undefined)).toEqual(ids)
  })

  test('an empty selection is a usage error that tells the range', () => {
    expect(() => take('id=0:100')).toThrow(
      expect.objectContaining({ tag: 'usage', hint: 'They are 100 to 110' }),
    )
    expect(() => take('9:')).toThrow(expect.objectContaining({ tag: 'usage' }))
    expect(selectTrains([], parseTrains('9:'))).toEqual([])
  })

  test.each(['id=', 'id=1', 'id=-1:3', 'id=a:b', 'id=1:2:3'])('refuse %j', text => {
    expect(() => parseTrains(text)).toThrow(expect.objectContaining({ tag: 'usage' }))
  })
})

describe('modules and sequences', () => {
  test('lists of numbers and ranges', () => {
    expect(parseModules('0,3,5-7', AGIPD_1M)).toEqual([0, 3, 5, 6, 7])
    expect(parseModules('7,5-7, 0', AGIPD_1M)).toEqual([0, 5, 6, 7])
    const ranges = parseRanges('2,10-1000000000', '--sequences')
    expect([1, 2, 3, 10, 99].filter(n => inRanges(ranges, n))).toEqual([2, 10, 99])
  })

  test.each(['16', '0-16', '-1', '', '1,,2', '7-5', 'a', '1-2-3'])('refuse %j', text => {
    expect(() => parseModules(text, AGIPD_1M)).toThrow(expect.objectContaining({ tag: 'usage' }))
  })
})
