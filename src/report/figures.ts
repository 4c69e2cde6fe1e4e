import type { DarkMap, Histogram } from '../../constants/dark/preview.js'
import { type Palette, paletteIndex, type Scale } from './colours.js'
import { escaped } from './html.js'
import { pngUri } from './png.js'

/** A scale that excludes the extreme hundredth at either end of all finite values of some maps. */
export function scaleOf(maps: readonly DarkMap[]): Scale {
  const values = maps
    .flatMap(({ values }) => [...values])
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const quantile = (share: number) => values[Math.round(share * (values.length - 1))] ?? 0
  return { low: quantile(0.01), high: quantile(0.99) }
}

/** Pixels of the screen for a block of the map. */
const ZOOM = 2

/** A map as a figure, its longer side across, with the scale below. Values that are not finite are left blank. */
export function mapFigure(caption: string, map: DarkMap, palette: Palette, scale: Scale): string {
  const { rows, columns, values } = map
  const turned = rows > columns
  const [height, width] = turned ? [columns, rows] : [rows, columns]
  const indices = new Uint8Array(values.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = values[turned ? x * columns + y : y * columns + x] ?? Number.NaN
      if (Number.isFinite(value)) indices[y * width + x] = paletteIndex(value, scale, palette)
    }
  }
  const uri = pngUri({ rows: height, columns: width, indices, palette: palette.colours })
  const [w, h] = [width * ZOOM, height * ZOOM]
  return `<figure><figcaption>${escaped(caption)}</figcaption><img src="${uri}" width="${w}" height="${h}" alt="${escaped(`Map: ${caption}`)}"><div class="scale">${figureOf(scale.low)}<i style="background:${palette.css}"></i>${figureOf(scale.high)}</div></figure>`
}

const WIDTH = 256
const HEIGHT = 64

/**
 * A histogram as a figure, counts on a logarithmic scale so that outliers show.
 * @param limits values that get a line if they are in range.
 */
export function histogramFigure(
  caption: string,
  { from, step, counts, below, above }: Histogram,
  limits: readonly number[] = [],
): string {
  const most = Math.log10(1 + counts.reduce((a, b) => Math.max(a, b), 1))
  const x = (bin: number) => ((bin / counts.length) * WIDTH).toFixed(1)
  const y = (count: number) => (HEIGHT - (Math.log10(1 + count) / most) * (HEIGHT - 4)).toFixed(1)
  const line = counts.map((count, bin) => `V${y(count)}H${x(bin + 1)}`).join('')
  const outside = below + above > 0 ? `; ${below} below, ${above} above` : ''
  const to = from + step * counts.length
  const lines = limits
    .filter(limit => limit > from && limit < to)
    .map(limit => `<path class="limit" d="M${x((limit - from) / step)} 0V${HEIGHT}"/>`)
    .join('')
  return `<figure><figcaption>${escaped(caption + outside)}</figcaption><svg width="${WIDTH}" height="${HEIGHT + 14}" viewBox="0 0 ${WIDTH} ${HEIGHT + 14}" role="img" aria-label="${escaped(`Histogram: ${caption}`)}"><path class="area" d="M0 ${HEIGHT}${line}V${HEIGHT}Z"/><path class="edge" d="M0 ${HEIGHT}${line}V${HEIGHT}"/>${lines}<path class="axis" d="M0 ${HEIGHT}H${WIDTH}"/><text x="0" y="${HEIGHT + 11}">${figureOf(from)}</text><text x="${WIDTH}" y="${HEIGHT + 11}" text-anchor="end">${figureOf(to)}</text></svg></figure>`
}

/** A value by memory cell as a figure: a step a cell, the range of the values in the caption. Cells ascend. */
export function cellFigure(
  caption: string,
  points: readonly { readonly cell: number; readonly value: number }[],
): string {
  const finite = points.filter(({ value }) => Number.isFinite(value))
  const [first, last] = [finite[0]?.cell ?? 0, finite.at(-1)?.cell ?? 0]
  const low = finite.reduce((least, { value }) => Math.min(least, value), Number.POSITIVE_INFINITY)
  const high = finite.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const x = (cell: number) => (((cell - first) / (last - first + 1)) * WIDTH).toFixed(1)
  const y = (value: number) =>
    (high > low ? HEIGHT - 4 - ((value - low) / (high - low)) * (HEIGHT - 8) : HEIGHT / 2).toFixed(1)
  const line = finite.map(({ cell, value }) => `M${x(cell)} ${y(value)}H${x(cell + 1)}`).join('')
  const range = `${caption}: ${figureOf(low)} … ${figureOf(high)}`
  return `<figure><figcaption>${escaped(range)}</figcaption><svg width="${WIDTH}" height="${HEIGHT + 14}" viewBox="0 0 ${WIDTH} ${HEIGHT + 14}" role="img" aria-label="${escaped(`By cell: ${range}`)}"><path class="edge" d="${line}"/><path class="axis" d="M0 ${HEIGHT}H${WIDTH}"/><text x="0" y="${HEIGHT + 11}">cell ${first}</text><text x="${WIDTH}" y="${HEIGHT + 11}" text-anchor="end">${last}</text></svg></figure>`
}

/** Four significant figures, as many as fit a label. */
export function figureOf(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toFixed(Math.min(3, digits)).replace('-', '−')
}
