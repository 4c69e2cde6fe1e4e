import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pictureOf, rangeBetween } from '../../src/preview/picture.js'
import { SEQUENTIAL, SHARE } from '../../src/report/colours.js'

/** Rows of palette indices of a PNG without filters. */
function indicesOf(png: Buffer): number[][] {
  const columns = png.readUInt32BE(16)
  const rows = png.readUInt32BE(20)
  const at = png.indexOf('IDAT')
  const lines = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  return Array.from({ length: rows }, (_, row) => [
    ...lines.subarray(row * (columns + 1) + 1, (row + 1) * (columns + 1)),
  ])
}

const LINEAR = { low: 0, high: 254, log: false }

describe('a picture', () => {
  it('is the view along the beam: the last row first, each row backwards', () => {
    const image = { height: 2, width: 3, values: Float32Array.of(0, 1, 2, 3, 4, 5) }
    expect(indicesOf(pictureOf(image, LINEAR, SEQUENTIAL))).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ])
  })

  it('is blank where there is no number, and ends at the last colours', () => {
    const values = Float32Array.of(Number.NaN, -1, 0, 254, 1e9, Number.POSITIVE_INFINITY, -Infinity)
    const [row = []] = indicesOf(pictureOf({ height: 1, width: 7, values }, LINEAR, SEQUENTIAL))
    expect(row.reverse()).toEqual([0, 1, 1, 255, 255, 255, 1])
  })

  it('follows the logarithm; what has none gets the lowest colour', () => {
    const values = Float32Array.of(-5, 0, 1, 10, 100)
    const range = { low: 1, high: 100, log: true }
    const [row = []] = indicesOf(pictureOf({ height: 1, width: 5, values }, range, SEQUENTIAL))
    expect(row.reverse()).toEqual([1, 1, 1, 128, 255])
  })

  it('of one value alone has a colour; that of nothing where it is 0 and stands for it', () => {
    const same = { low: 3, high: 3, log: false }
    const values = Float32Array.of(3, 0)
    expect(indicesOf(pictureOf({ height: 1, width: 2, values }, same, SEQUENTIAL))).toEqual([[128, 128]])
    expect(indicesOf(pictureOf({ height: 1, width: 2, values }, same, SHARE))).toEqual([[1, 129]])
  })
})

describe('a range', () => {
  // numpy.nanpercentile([3, 1, 10, 2, nan, -4], [1, 50, 99]) is [-3.8, 2, 9.72].
  const values = Float32Array.of(3, 1, 10, 2, Number.NaN, -4, Number.POSITIVE_INFINITY)

  it('is between percentiles, as numpy has them', () => {
    const { low, high } = rangeBetween(values, [1, 99], false)
    expect(low).toBeCloseTo(-3.8, 12)
    expect(high).toBeCloseTo(9.72, 12)
    expect(rangeBetween(values, [50, 100], false)).toEqual({ low: 2, high: 10, log: false })
  })

  it('is of what has a logarithm', () => {
    expect(rangeBetween(values, [0, 100], true)).toEqual({ low: 1, high: 10, log: true })
  })

  it('of no numbers is none', () => {
    expect(rangeBetween(Float32Array.of(Number.NaN), [1, 99], false).low).toBeNaN()
  })
})
