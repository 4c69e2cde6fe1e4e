import { DataError } from '../model/errors.js'
import { pixelRuns } from './runs.js'
import type { Geometry, Tile, TileShape, Vector } from './tile.js'

/** An image of the whole detector, each pixel of it one of the detector's or a gap. */
export interface SnappedTable {
  readonly height: number
  readonly width: number
  /** `[y, x]` of the beam in the image, row 0 being the lowest y. */
  readonly centre: readonly [y: number, x: number]
  /** `[y][x]`: 0 a gap, else 1 + index into `[module][slow scan][fast scan]`. */
  readonly pixels: Int32Array
  /** The same as runs, see {@link pixelRuns}. */
  readonly runs: Int32Array
  /** Of the modules that the indices are of. */
  readonly shape: TileShape
}

/** Pixels of an image at most, gaps among them: 20 times those of a megapixel detector. */
const IMAGE_LIMIT = 1 << 25

/** A tile in the image: where its first row and column are and how they go on, in whole pixels. */
interface Placed {
  readonly tile: Tile
  /** Lowest y and x. */
  readonly y: number
  readonly x: number
  readonly height: number
  readonly width: number
  readonly slowAlongY: boolean
  /** 1 where an index grows with its coordinate, else −1. */
  readonly slow: 1 | -1
  readonly fast: 1 | -1
}

/**
 * The image that results if every tile is moved to the nearest whole pixel, as EXtra-geom's `position_modules` does: in the
 * same order of operations and with halves to the even number, so that the table is the same to the last bit.
 * @throws DataError if a tile's rows do not go along x or y once snapped, or tiles lie absurdly far apart.
 */
export function snap({ shape, tiles }: Geometry): SnappedTable {
  const placed = tiles.map(tile => place(tile, shape.pixel, shape.tileSlowScan, shape.tileFastScan))
  const lowY = placed.reduce((least, { y }) => Math.min(least, y), Number.POSITIVE_INFINITY)
  const lowX = placed.reduce((least, { x }) => Math.min(least, x), Number.POSITIVE_INFINITY)
  const height = placed.reduce((most, { y, height }) => Math.max(most, y + height - lowY), 0)
  const width = placed.reduce((most, { x, width }) => Math.max(most, x + width - lowX), 0)
  // Also false where a position is not finite.
  if (!(height * width <= IMAGE_LIMIT))
    throw new DataError(`its tiles lie ${height} × ${width} pixels apart`, {
      hint: 'Check the unit of its positions',
    })
  const pixels = new Int32Array(height * width)
  const { moduleSlowScan, moduleFastScan } = shape
  for (const { tile, y, x, slowAlongY, slow, fast, ...size } of placed)
    for (let row = 0; row < size.height; row++)
      for (let column = 0; column < size.width; column++) {
        const [alongSlow, alongFast] = slowAlongY ? [row, column] : [column, row]
        const ss = tile.slowScan + (slow > 0 ? alongSlow : shape.tileSlowScan - 1 - alongSlow)
        const fs = tile.fastScan + (fast > 0 ? alongFast : shape.tileFastScan - 1 - alongFast)
        const index = (tile.module * moduleSlowScan + ss) * moduleFastScan + fs
        pixels[(y - lowY + row) * width + (x - lowX + column)] = 1 + index
      }
  // Minus zero would be seen in JSON.
  return { height, width, centre: [0 - lowY, 0 - lowX], pixels, runs: pixelRuns(pixels, shape), shape }
}

function place(tile: Tile, pixel: Vector, slowPixels: number, fastPixels: number): Placed {
  const inPixels = ([x, y]: Vector): Vector => [halfToEven(x / pixel[0]), halfToEven(y / pixel[1])]
  const corner = inPixels(tile.corner)
  const slow = inPixels(tile.slowStep)
  const fast = inPixels(tile.fastStep)
  const slowAlongY = slow[0] === 0 && Math.abs(slow[1]) === 1 && fast[1] === 0 && Math.abs(fast[0]) === 1
  const slowAlongX = slow[1] === 0 && Math.abs(slow[0]) === 1 && fast[0] === 0 && Math.abs(fast[1]) === 1
  if (!slowAlongX && !slowAlongY)
    throw new DataError(
      `module ${tile.module}, tile at row ${tile.slowScan}, column ${tile.fastScan}: its rows go neither along x nor along y`,
      { hint: 'Tiles may be turned by less than 45 degrees from the axes' },
    )
  const slowSign = (slowAlongY ? slow[1] : slow[0]) > 0 ? 1 : -1
  const fastSign = (slowAlongY ? fast[0] : fast[1]) > 0 ? 1 : -1
  const [height, width] = slowAlongY ? [slowPixels, fastPixels] : [fastPixels, slowPixels]
  const [ySign, xSign] = slowAlongY ? [slowSign, fastSign] : [fastSign, slowSign]
  return {
    ...{ tile, height, width, slowAlongY, slow: slowSign, fast: fastSign },
    y: corner[1] + Math.min(ySign, 0) * height,
    x: corner[0] + Math.min(xSign, 0) * width,
  }
}

/** The nearest whole number, of two equally near the even one: as numpy's `rint`. */
function halfToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}
