import { type Hdf5File, readHdf5 } from '../hdf5/index.js'
import { DataError } from '../model/errors.js'
import type { DetectorLayout, MeasuredTiles } from './layout.js'
import type { QuadrantPositions } from './quadrants.js'
import type { Geometry, Vector } from './tile.js'

const MILLIMETRE = 1e-3
/** A position beyond, mm, is damage: detectors are half a metre wide. */
const FARTHEST = 1e5

/**
 * Reads European XFEL's HDF5 geometry: a measured corner of every tile is the sum of the positions `[x, y]` of quadrant, module
 * and tile, in mm (`/Q1/Position`, `/Q1/M1/Position`, `/Q1/M1/T01/Position`).
 * @param quadrants positions in place of those in the file, mm; most files have none.
 * @throws DataError naming file and dataset: missing, not two numbers, or no quadrant positions at all.
 */
export async function readMeasured(
  path: string,
  { shape }: DetectorLayout,
  { count, tileAt }: MeasuredTiles,
  quadrants?: QuadrantPositions,
): Promise<Geometry> {
  try {
    return await readHdf5(path, file => {
      const positions = quadrants ?? quadrantsIn(file)
      const perQuadrant = shape.modules / positions.length
      const tiles = Array.from({ length: shape.modules }, (_, module) => {
        const quadrant = Math.floor(module / perQuadrant)
        const group = `Q${quadrant + 1}/M${(module % perQuadrant) + 1}`
        const ofModule = positionAt(file, group)
        return Array.from({ length: count }, (_, tile) => {
          const ofTile = positionAt(file, `${group}/T${String(tile + 1).padStart(2, '0')}`)
          const sum = (axis: 0 | 1) =>
            ((positions[quadrant]?.[axis] ?? 0) + ofModule[axis] + ofTile[axis]) * MILLIMETRE
          return tileAt(module, tile, [sum(0), sum(1)])
        })
      })
      return { shape, tiles: tiles.flat() }
    })
  } catch (error) {
    if (!(error instanceof DataError) || error.place.file !== undefined) throw error
    const { message, hint, place } = error
    throw new DataError(message, {
      ...{ place: { ...place, file: path }, cause: error },
      hint: hint ?? 'Give an HDF5 geometry file of this detector',
    })
  }
}

function quadrantsIn(file: Hdf5File): QuadrantPositions {
  const groups = ['Q1', 'Q2', 'Q3', 'Q4']
  if (groups.some(group => file.dataset(`${group}/Position`) === undefined))
    throw new DataError('this geometry holds no positions of the quadrants', {
      hint: 'Give them with --quad-positions',
    })
  return groups.map(group => positionAt(file, group)) as unknown as QuadrantPositions
}

/** `Position` of a group: its first two numbers, x and y. */
function positionAt(file: Hdf5File, group: string): Vector {
  const path = `${group}/Position`
  const dataset = file.dataset(path)
  if (!dataset) throw misfit('this dataset is missing', path)
  const [length = 0] = dataset.shape
  if (dataset.shape.length !== 1 || length < 2 || !/^>?f[48]$/.test(dataset.type.name))
    throw misfit(`is ${dataset.type.name} (${dataset.shape.join(', ')}), where x and y are needed`, path)
  const [x, y] = [...dataset.read([0], [2])].map(Number)
  if (x === undefined || y === undefined || !(Math.abs(x) < FARTHEST && Math.abs(y) < FARTHEST))
    throw misfit(`is ${x}, ${y}, which is no position in mm`, path)
  return [x, y]
}

function misfit(message: string, dataset: string): DataError {
  return new DataError(message, {
    place: { dataset },
    hint: 'Give an HDF5 geometry file of this detector',
  })
}
