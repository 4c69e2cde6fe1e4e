import type { DetectorLayout } from '../../geometry/layout.js'
import { type QuadrantPositions, tilesOfQuadrants } from '../../geometry/quadrants.js'
import type { Geometry, Tile, TileShape, Vector } from '../../geometry/tile.js'

const PITCH = 2.36e-4

/** Hexagonal pixels: rows lie closer together than columns. */
const SHAPE: TileShape = {
  modules: 16,
  moduleSlowScan: 128,
  moduleFastScan: 512,
  tileSlowScan: 128,
  tileFastScan: 256,
  pixel: [PITCH, PITCH * (1.5 / Math.sqrt(3))],
}

const TILES = 2

/**
 * Steps of a module: fast scan along x, against it in quadrants 1 and 2; slow scan along y, against it in the others. In
 * EXtra-geom's order of operations, for the same last bit.
 */
function stepsOf(module: number) {
  const across = module < 8 ? -1 : 1
  return { across, fast: across * PITCH, slow: (-across * PITCH * 1.5) / Math.sqrt(3) }
}

function fromFirstCorner(module: number, tile: number, corner: Vector): Tile {
  const { fast, slow } = stepsOf(module)
  return {
    ...{ module, slowScan: 0, fastScan: 256 * tile, corner },
    ...{ slowStep: [0, slow], fastStep: [fast, 0] },
  }
}

/** Gaps: 2 mm between the two tiles of a module, 4 mm between modules. */
function fromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [pixelX, pixelY] = SHAPE.pixel
  const [unit, tileGap, moduleGap] = [1e-3, 2e-3, 4e-3]
  const [tileWidth, moduleHeight] = [pixelX * 256, pixelY * 128]
  const [width, height] = [2 * tileWidth + tileGap, 4 * moduleHeight + 3 * moduleGap]
  const tiles = tilesOfQuadrants((module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const { across } = stepsOf(module)
    const [firstX, firstY] = across < 0 ? [x * unit + width, y * unit] : [x * unit, y * unit + height]
    return Array.from({ length: TILES }, (_, tile) =>
      fromFirstCorner(module, tile, [
        firstX + across * tile * (tileWidth + tileGap),
        firstY - across * inQuadrant * (moduleHeight + moduleGap),
      ]),
    )
  })
  return { shape: SHAPE, tiles }
}

export const DSSC_LAYOUT: DetectorLayout = {
  shape: SHAPE,
  quadrantMeaning: 'mm, of the corners at lowest x and y',
  quadrants: [
    [-130, 5],
    [-130, -125],
    [5, -125],
    [5, 5],
  ],
  fromQuadrants,
  // Measured at the corner of lowest x and y; the first pixel is at the highest x or at the highest y.
  measured: {
    count: TILES,
    tileAt: (module, tile, [x, y]) => {
      const { across, fast, slow } = stepsOf(module)
      return fromFirstCorner(module, tile, across < 0 ? [x - fast * 256, y] : [x, y - slow * 128])
    },
  },
}
