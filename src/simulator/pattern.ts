import type { Tile } from '../geometry/tile.js'
import type { DetectorKit } from '../kits/kit.js'
import type { ModuleIndex } from '../model/ids.js'
import { poissonClass } from './poisson.js'

/** Radii of the powder rings, pixels. */
const RINGS = [110, 190, 260, 330, 420, 500]

/**
 * Where the photons go: mean photons per pixel and pulse as Poisson classes, `[slow scan][fast scan]`. A central
 * spot, powder rings and a background that falls off; pixels of the ASIC seams are twice as large.
 *
 * Modules are where the kit's layout has them by default. One without a layout has the beam at the first pixel of each module.
 */
export function patternOf(
  { detector, layout }: Pick<DetectorKit, 'detector' | 'layout'>,
  module: ModuleIndex,
): Uint16Array {
  const { slowScan, fastScan } = detector
  const classes = new Uint16Array(slowScan * fastScan)
  const tiles = layout?.fromQuadrants(layout.quadrants).tiles.filter(tile => tile.module === module)
  const { tileSlowScan, tileFastScan } = layout?.shape ?? { tileSlowScan: slowScan, tileFastScan: fastScan }
  const unit = layout?.shape.pixel[0] ?? 1
  for (const tile of tiles ?? [AT_THE_BEAM])
    for (let row = 0; row < tileSlowScan; row++) {
      const ss = tile.slowScan + row
      const area = isSeam(ss, slowScan) ? 2 : 1
      for (let column = 0; column < tileFastScan; column++) {
        const x = along(tile, 0, row, column) / unit
        const y = along(tile, 1, row, column) / unit
        const place = ss * fastScan + tile.fastScan + column
        classes[place] = poissonClass(area * meanPhotons(Math.sqrt(x * x + y * y)))
      }
    }
  return classes
}

type Placed = Omit<Tile, 'module'>
const AT_THE_BEAM: Placed = { slowScan: 0, fastScan: 0, corner: [0, 0], slowStep: [0, 1], fastStep: [1, 0] }

/** Where the middle of a tile's pixel is on one axis. */
function along({ corner, slowStep, fastStep }: Placed, axis: 0 | 1, row: number, column: number): number {
  return corner[axis] + (row + 0.5) * slowStep[axis] + (column + 0.5) * fastStep[axis]
}

/** Rows at the edge of two ASICs, 64 rows each: their pixels are twice as large. */
export function isSeam(ss: number, slowScan: number): boolean {
  const row = ss % 64
  return (row === 63 && ss < slowScan - 1) || (row === 0 && ss > 0)
}

/** At most about 20 and mostly below 1: pixels leave high gain by strong reflections, hardly ever by the pattern. */
function meanPhotons(radius: number): number {
  const spot = 16 * Math.exp(-((radius / 40) ** 2))
  const background = 0.4 / (1 + (radius / 150) ** 2)
  const rings = RINGS.reduce((sum, ring) => sum + Math.exp(-(((radius - ring) / 6) ** 2)), 0)
  return spot + background + (2 * rings) / (1 + radius / 150)
}
