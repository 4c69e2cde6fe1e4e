import type { Geometry, Tile, TileShape, Vector } from './tile.js'

/** Positions of the four quadrants, `[x, y]`, in the unit that is usual for the detector. */
export type QuadrantPositions = readonly [Vector, Vector, Vector, Vector]

export const AGIPD_TILES: TileShape = {
  modules: 16,
  moduleSlowScan: 512,
  moduleFastScan: 128,
  tileSlowScan: 64,
  tileFastScan: 128,
  pixel: [2e-4, 2e-4],
}

export const LPD_TILES: TileShape = {
  modules: 16,
  moduleSlowScan: 256,
  moduleFastScan: 256,
  tileSlowScan: 32,
  tileFastScan: 128,
  pixel: [5e-4, 5e-4],
}

/** Hexagonal pixels: rows lie closer together than columns. */
export const DSSC_TILES: TileShape = {
  modules: 16,
  moduleSlowScan: 128,
  moduleFastScan: 512,
  tileSlowScan: 128,
  tileFastScan: 256,
  pixel: [2.36e-4, 2.36e-4 * (1.5 / Math.sqrt(3))],
}

function tilesOf(
  count: number,
  of: (module: number, quadrant: number, inQuadrant: number) => Tile[],
): Tile[] {
  return Array.from({ length: count }, (_, module) => of(module, Math.floor(module / 4), module % 4)).flat()
}

/**
 * AGIPD-1M from the corners of the first pixels of modules 0, 4, 8 and 12, in pixels. Gaps: 2 pixels between ASICs, 29
 * between modules.
 */
export function agipdFromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [unit] = AGIPD_TILES.pixel
  const tileWidth = (64 + 2) * unit
  const moduleHeight = (128 + 29) * unit
  const tiles = tilesOf(16, (module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const across = quadrant < 2 ? 1 : -1
    return Array.from({ length: 8 }, (_, asic) => ({
      ...{ module, slowScan: 64 * asic, fastScan: 0 },
      corner: [x * unit + across * tileWidth * asic, y * unit - inQuadrant * moduleHeight] as const,
      slowStep: [across * unit, 0] as const,
      fastStep: [0, -across * unit] as const,
    }))
  })
  return { shape: AGIPD_TILES, tiles }
}

/** Steps of LPD's modules in a quadrant from its corner, in modules. */
const LPD_STEPS: readonly Vector[] = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [0, 0],
]

/** LPD-1M from the corners of its quadrants at highest x and y (tile 16 of module 4), in mm. Gaps: 4 pixels everywhere. */
export function lpdFromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [pixel] = LPD_TILES.pixel
  const perMillimetre = 1e-3 / pixel
  const gap = 4
  const [tileWidth, tileHeight] = [128 + gap, 32 + gap]
  const [panelWidth, panelHeight] = [2 * tileWidth, 8 * tileHeight]
  const tiles = tilesOf(16, (module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const [across = 0, up = 0] = LPD_STEPS[inQuadrant] ?? []
    const panel = [x * perMillimetre + across * panelWidth, y * perMillimetre + up * panelHeight] as const
    return Array.from({ length: 16 }, (_, tile) => {
      const right = tile >= 8
      const below = right ? 15 - tile : tile
      const highX = panel[0] - (right ? 0 : tileWidth)
      const highY = panel[1] - below * tileHeight
      return {
        ...{ module, slowScan: 32 * (right ? tile - 8 : 7 - tile), fastScan: right ? 128 : 0 },
        corner: [(highX - 128) * pixel, (highY - 32) * pixel] as const,
        slowStep: [0, pixel] as const,
        fastStep: [pixel, 0] as const,
      }
    })
  })
  return { shape: LPD_TILES, tiles }
}

/**
 * DSSC-1M from the corners of its quadrants at lowest x and y, in mm. Gaps: 2 mm between the two tiles of a module, 4 mm
 * between modules.
 */
export function dsscFromQuadrants(quadrants: QuadrantPositions): Geometry {
  const [pixelX, pixelY] = DSSC_TILES.pixel
  const unit = 1e-3
  const tileWidth = 256 * pixelX
  const moduleHeight = 128 * pixelY
  const tiles = tilesOf(16, (module, quadrant, inQuadrant) => {
    const [x = 0, y = 0] = quadrants[quadrant] ?? []
    const across = quadrant < 2 ? -1 : 1
    const up = -across
    const step = up > 0 ? inQuadrant : 3 - inQuadrant
    const low = y * unit + step * (moduleHeight + 4 * unit)
    return [0, 1].map(tile => {
      const place = across > 0 ? tile : 1 - tile
      const lowX = x * unit + place * (tileWidth + 2 * unit)
      return {
        ...{ module, slowScan: 0, fastScan: 256 * tile },
        corner: [lowX + (across > 0 ? 0 : tileWidth), low + (up > 0 ? 0 : moduleHeight)] as const,
        slowStep: [0, up * pixelY] as const,
        fastStep: [across * pixelX, 0] as const,
      }
    })
  })
  return { shape: DSSC_TILES, tiles }
}
