import type { DetectorLayout } from '../../geometry/layout.js'
import { type QuadrantPositions, tilesOfQuadrants } from '../../geometry/quadrants.js'
import type { Geometry, TileShape } from '../../geometry/tile.js'

/** A tile is an ASIC. */
const SHAPE: TileShape = {
  modules: 16,
  moduleSlowScan: 512,
  moduleFastScan: 128,
  tileSlowScan: 64,
  tileFastScan: 128,
  pixel: [2e-4, 2e-4],
}

/** Gaps in pixels: 2 between ASICs, 29 between modules. */
function fromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [unit] = SHAPE.pixel
  const tileWidth = (64 + 2) * unit
  const moduleHeight = (128 + 29) * unit
  const tiles = tilesOfQuadrants((module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const across = quadrant < 2 ? 1 : -1
    return Array.from({ length: 8 }, (_, asic) => ({
      ...{ module, slowScan: 64 * asic, fastScan: 0 },
      corner: [x * unit + across * tileWidth * asic, y * unit - inQuadrant * moduleHeight] as const,
      slowStep: [across * unit, 0] as const,
      fastStep: [0, -across * unit] as const,
    }))
  })
  return { shape: SHAPE, tiles }
}

export const AGIPD_LAYOUT: DetectorLayout = {
  shape: SHAPE,
  quadrantMeaning: 'pixels, of the first pixels of modules 0, 4, 8 and 12',
  quadrants: [
    [-525, 625],
    [-550, -10],
    [520, -160],
    [542.5, 475],
  ],
  fromQuadrants,
}
