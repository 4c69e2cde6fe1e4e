import type { DetectorLayout } from '../../geometry/layout.js'
import { type QuadrantPositions, tilesOfQuadrants } from '../../geometry/quadrants.js'
import type { Geometry, Tile, TileShape, Vector } from '../../geometry/tile.js'

const SHAPE: TileShape = {
  modules: 16,
  moduleSlowScan: 256,
  moduleFastScan: 256,
  tileSlowScan: 32,
  tileFastScan: 128,
  pixel: [5e-4, 5e-4],
}

const TILES = 16

/** Steps of modules in a quadrant from its corner, in modules. */
const STEPS: readonly Vector[] = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [0, 0],
]

/** A tile by its corner at highest x and y. Tiles 0 to 7 are the left half from the top, 8 to 15 the right half from below. */
function fromHighCorner(module: number, tile: number, [x, y]: Vector): Tile {
  const [pixel] = SHAPE.pixel
  const right = tile >= 8
  return {
    ...{ module, slowScan: 32 * (right ? tile - 8 : 7 - tile), fastScan: right ? 128 : 0 },
    corner: [x - 128 * pixel, y - 32 * pixel],
    slowStep: [0, pixel],
    fastStep: [pixel, 0],
  }
}

/** Gaps: 4 pixels everywhere. Operations are in EXtra-geom's order, so that halves of pixels are rounded alike. */
function fromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [pixel] = SHAPE.pixel
  const [unit, gap] = [1e-3, 4]
  const [panelWidth, panelHeight] = [(256 + 2 * gap) * pixel, (256 + 8 * gap) * pixel]
  const [tileWidth, tileHeight] = [(128 + gap) * pixel, (32 + gap) * pixel]
  const tiles = tilesOfQuadrants((module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const [across = 0, up = 0] = STEPS[inQuadrant] ?? []
    const panel = [x * unit + across * panelWidth, y * unit + up * panelHeight] as const
    return Array.from({ length: TILES }, (_, tile) => {
      const right = tile >= 8
      const below = right ? 15 - tile : tile
      return fromHighCorner(module, tile, [panel[0] - (right ? 0 : tileWidth), panel[1] - below * tileHeight])
    })
  })
  return { shape: SHAPE, tiles }
}

export const LPD_LAYOUT: DetectorLayout = {
  shape: SHAPE,
  quadrantMeaning: 'mm, of the corners at highest x and y (tile 16 of modules 3, 7, 11 and 15)',
  quadrants: [
    [11.4, 299],
    [-11.5, 8],
    [254.5, -16],
    [278.5, 275],
  ],
  fromQuadrants,
  measured: { count: TILES, tileAt: fromHighCorner },
}
