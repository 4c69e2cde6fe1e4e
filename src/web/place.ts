import { assemble } from '../geometry/assemble.js'
import { type SnappedTable, snap } from '../geometry/snap.js'
import type { Geometry } from '../geometry/tile.js'
import type { GeometryHeader } from './protocol.js'

/** Where pixels are in the picture of the whole detector. */
export interface PicturePlace extends GeometryHeader {
  readonly table: SnappedTable
}

/** @throws DataError if a tile's rows do not go along x or y once snapped. */
export function placeOf(geometry: Geometry): PicturePlace {
  const table = snap(geometry)
  const { height, width, centre } = table
  const { modules, moduleSlowScan, moduleFastScan } = geometry.shape
  return { height, width, centre, modules, slowScan: moduleSlowScan, fastScan: moduleFastScan, table }
}

/** The image `[y][x]` of planes `[module][slow scan][fast scan]`; gaps are NaN. */
export function assembledOf(
  { table, modules, slowScan, fastScan }: PicturePlace,
  planes: Float32Array,
): Float32Array {
  const size = slowScan * fastScan
  const image = new Float32Array(table.pixels.length)
  const parts = Array.from({ length: modules }, (_, module) =>
    planes.subarray(module * size, (module + 1) * size),
  )
  assemble(table, parts, image)
  return image
}
