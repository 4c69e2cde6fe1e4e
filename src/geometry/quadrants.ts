import type { Tile, Vector } from './tile.js'

/** Positions of the four quadrants, `[x, y]`, in the unit that is usual for the detector. */
export type QuadrantPositions = readonly [Vector, Vector, Vector, Vector]

/** The tiles of 16 modules, four a quadrant, by module. `of` is given the module, its quadrant, and its place there. */
export function tilesOfQuadrants(
  of: (module: number, quadrant: number, inQuadrant: number) => Tile[],
): Tile[] {
  return Array.from({ length: 16 }, (_, module) => of(module, Math.floor(module / 4), module % 4)).flat()
}
