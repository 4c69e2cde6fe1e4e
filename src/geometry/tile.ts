/** Metres, `[x, y]`: x increases to the left looking along the beam, y upwards; the origin is the beam. */
export type Vector = readonly [x: number, y: number]

/** A rectangle of pixels that are read out side by side: an ASIC or a pair of them. */
export interface Tile {
  readonly module: number
  /** First row and column of the tile in its module. */
  readonly slowScan: number
  readonly fastScan: number
  /** Outer corner of the first pixel, metres. */
  readonly corner: Vector
  /** Step from a pixel to the next one along slow scan and fast scan, metres. */
  readonly slowStep: Vector
  readonly fastStep: Vector
}

/** How a detector's modules are made of tiles, all alike. */
export interface TileShape {
  readonly modules: number
  /** Pixels of a module. */
  readonly moduleSlowScan: number
  readonly moduleFastScan: number
  /** Pixels of a tile. */
  readonly tileSlowScan: number
  readonly tileFastScan: number
  /** Distance of pixels along x and y, metres. */
  readonly pixel: Vector
}

/** Where every pixel of a detector is. */
export interface Geometry {
  readonly shape: TileShape
  /** By module; where tiles overlap in an image, later ones lie on top. */
  readonly tiles: readonly Tile[]
}
