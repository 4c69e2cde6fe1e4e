import type { Picture, PixelTable } from './decode.js'

/** A pixel of the picture under the cursor, and whose it is. */
export interface Pixel {
  readonly column: number
  readonly row: number
  readonly value: number
  /** Absent in a gap. */
  readonly of?: { readonly module: number; readonly slowScan: number; readonly fastScan: number }
}

/** The pixel at column and row of a picture; undefined outside. */
export function pixelAt(
  { module, height, width, values }: Picture,
  table: PixelTable | undefined,
  column: number,
  row: number,
): Pixel | undefined {
  if (column < 0 || row < 0 || column >= width || row >= height) return undefined
  const value = values[row * width + column] ?? Number.NaN
  if (module !== 'all') return { column, row, value, of: { module, slowScan: row, fastScan: column } }
  if (table === undefined || table.width !== width || table.height !== height) return { column, row, value }
  const pixel = (table.pixels[row * width + column] ?? 0) - 1
  if (pixel < 0) return { column, row, value }
  const line = Math.floor(pixel / table.fastScan)
  return {
    ...{ column, row, value },
    of: {
      module: Math.floor(line / table.slowScan),
      slowScan: line % table.slowScan,
      fastScan: pixel % table.fastScan,
    },
  }
}
