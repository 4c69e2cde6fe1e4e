import { DIVERGING, type Palette, paletteIndex, type Scale, SEQUENTIAL, SHARE } from '../report/colours.js'
import { pngBytes } from '../report/png.js'
import type { PreviewImage } from './preview-image.js'

export const COLOUR_MAPS = { sequential: SEQUENTIAL, diverging: DIVERGING, share: SHARE }
export type ColourMap = keyof typeof COLOUR_MAPS

/** Which values get which colours. */
export interface ColourRange extends Scale {
  /** Colours follow the logarithm; values that have none get the lowest colour. */
  readonly log: boolean
}

/**
 * The range between two percentiles of an image, linear between ranks as numpy's; with `log` of the values above 0.
 * @returns NaN at both ends of an image without numbers.
 */
export function rangeBetween(
  values: Float32Array,
  [low, high]: readonly [number, number],
  log: boolean,
): ColourRange {
  const sorted = values.filter(value => Number.isFinite(value) && (!log || value > 0)).sort()
  const at = (percent: number) => {
    const rank = (percent / 100) * (sorted.length - 1)
    const below = sorted[Math.floor(rank)] ?? Number.NaN
    const above = sorted[Math.ceil(rank)] ?? Number.NaN
    return below + (above - below) * (rank - Math.floor(rank))
  }
  return { low: at(low), high: at(high), log }
}

/**
 * A PNG of the image as one sees it looking along the beam: y upwards and x to the left, so the last row comes first and each row
 * backwards. Gaps and pixels without a number are transparent. A pixel is a square, those of DSSC too.
 */
export function pictureOf(
  { values, height, width }: Pick<PreviewImage, 'values' | 'height' | 'width'>,
  { low, high, log }: ColourRange,
  palette: Palette,
): Buffer {
  const scaled = (value: number) => (log ? Math.log(Math.max(value, 0)) : value)
  const scale = { low: scaled(low), high: scaled(high) }
  const indices = new Uint8Array(values.length)
  const last = values.length - 1
  for (let i = 0; i <= last; i++) {
    const value = values[i] as number
    // The logarithm of what has none is −Infinity, which is below any range.
    if (!Number.isNaN(value)) indices[last - i] = paletteIndex(scaled(value), scale, palette)
  }
  return pngBytes({ rows: height, columns: width, indices, palette: palette.colours })
}
