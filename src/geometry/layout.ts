import type { QuadrantPositions } from './quadrants.js'
import type { Geometry, Tile, TileShape, Vector } from './tile.js'

/** How a detector's geometry comes about: what its kit says of it. */
export interface DetectorLayout {
  readonly shape: TileShape
  /** In which unit quadrant positions are, and which corner they are of, for messages: `pixels, first pixel of …`. */
  readonly quadrantMeaning: string
  /** Where the quadrants are unless someone says otherwise: EXtra-geom's example, near any real one. */
  readonly quadrants: QuadrantPositions
  /** An ideal detector: modules flat, parallel and evenly spaced in each quadrant. */
  fromQuadrants(quadrants: QuadrantPositions): Geometry
  /** Absent: European XFEL has no HDF5 geometry files of this detector. */
  readonly measured?: MeasuredTiles
}

/** What European XFEL's HDF5 geometry files say of a detector: one corner a tile, in mm, added up from `Q1`, `Q1/M1`, `Q1/M1/T01`. */
export interface MeasuredTiles {
  /** Tiles of a module: `T01` … */
  readonly count: number
  /** The tile `T01` + `tile` of a module whose measured corner is at `corner`, metres. */
  tileAt(module: number, tile: number, corner: Vector): Tile
}
