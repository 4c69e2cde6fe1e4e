import { BIN, type DarkMap } from '../../constants/dark/preview.js'
import type { Detector } from '../detectors/detector.js'
import { type SnappedTable, snap } from '../geometry/snap.js'
import { KITS, kitOf } from '../kits/index.js'
import { type Palette, paletteIndex, type Scale } from './colours.js'
import { figureOf } from './figures.js'
import { escaped } from './html.js'
import { pngUri } from './png.js'

/** Where a detector's pixels are by default; undefined: its kit does not know, or there is none. */
export function defaultTable(detector: Detector): SnappedTable | undefined {
  const { layout } = KITS.some(kit => kit.detector.id === detector.id) ? kitOf(detector) : {}
  return layout && snap(layout.fromQuadrants(layout.quadrants))
}

/**
 * Maps of modules put together to one image of the detector, as one sees it looking along the beam, as a figure.
 * BIN × BIN pixels of the detector are one of the image: the mean of those that have a number. Gaps and missing modules are blank.
 * @param maps by module.
 */
export function assembledFigure(
  caption: string,
  table: SnappedTable,
  maps: ReadonlyMap<number, DarkMap>,
  { palette, scale }: { readonly palette: Palette; readonly scale: Scale },
): string {
  const { rows, columns, values } = binned(table, maps)
  const indices = new Uint8Array(values.length)
  // The beam's view: y upwards and x to the left, so that all is in reverse.
  for (const [i, value] of values.entries())
    if (!Number.isNaN(value)) indices[values.length - 1 - i] = paletteIndex(value, scale, palette)
  const uri = pngUri({ rows, columns, indices, palette: palette.colours })
  return `<figure class="assembled"><figcaption>${escaped(caption)}</figcaption><img src="${uri}" width="${columns}" height="${rows}" alt="${escaped(`Detector: ${caption}`)}"><div class="scale">${figureOf(scale.low)}<i style="background:${palette.css}"></i>${figureOf(scale.high)}</div></figure>`
}

/** `[y][x]`, row 0 the lowest y; NaN where no pixel has a number. */
function binned(table: SnappedTable, maps: ReadonlyMap<number, DarkMap>): DarkMap {
  const { pixels, height, width, shape } = table
  const [rows, columns] = [Math.ceil(height / BIN), Math.ceil(width / BIN)]
  const sums = new Float64Array(rows * columns)
  const counts = new Uint32Array(rows * columns)
  const size = shape.moduleSlowScan * shape.moduleFastScan
  for (let place = 0; place < pixels.length; place++) {
    const pixel = pixels[place] ?? 0
    if (pixel === 0) continue
    const map = maps.get(Math.floor((pixel - 1) / size))
    if (map === undefined) continue
    const inModule = (pixel - 1) % size
    const row = Math.floor(inModule / shape.moduleFastScan / BIN)
    const value = map.values[row * map.columns + Math.floor((inModule % shape.moduleFastScan) / BIN)]
    if (value === undefined || !Number.isFinite(value)) continue
    const at = Math.floor(place / width / BIN) * columns + Math.floor((place % width) / BIN)
    sums[at] = (sums[at] ?? 0) + value
    counts[at] = (counts[at] ?? 0) + 1
  }
  // 0 / 0 is NaN.
  return { rows, columns, values: Float32Array.from(sums, (sum, i) => sum / (counts[i] ?? 0)) }
}
