import { readGeometry } from '../geometry/geometry-file.js'
import type { DetectorLayout } from '../geometry/layout.js'
import type { QuadrantPositions } from '../geometry/quadrants.js'
import type { Geometry, Vector } from '../geometry/tile.js'
import { UsageError } from '../model/errors.js'
import { type DetectorKit, layoutOf } from './kit.js'

/** Where pixels are, as options say it. */
export interface GeometryOptions {
  /** A CrystFEL file, or an HDF5 geometry file of European XFEL. */
  readonly geometry?: string | undefined
  /** `x,y` of four quadrants; with an HDF5 file in place of those in it. */
  readonly quadPositions?: string | undefined
}

/**
 * Where the pixels of a detector are: as a file says, as positions of its quadrants say, or with neither where its kit has
 * them by default, which is near any real one.
 * @throws UsageError if the kit has no layout or the positions are none; DataError naming the file.
 */
export async function geometryOf(
  kit: DetectorKit,
  { geometry, quadPositions }: GeometryOptions = {},
): Promise<Geometry> {
  const layout = layoutOf(kit)
  const quadrants = quadPositions === undefined ? undefined : parseQuadrants(quadPositions, layout)
  if (geometry !== undefined) return readGeometry(geometry, layout, quadrants)
  return layout.fromQuadrants(quadrants ?? layout.quadrants)
}

/** @throws the first error if what the options say is the geometry of none of the detectors. */
export async function checkGeometry(kits: readonly DetectorKit[], options: GeometryOptions): Promise<void> {
  if (options.geometry === undefined && options.quadPositions === undefined) return
  const tried = await Promise.allSettled(kits.map(kit => geometryOf(kit, options)))
  const [refused] = tried.filter(({ status }) => status === 'rejected')
  if (refused?.status === 'rejected' && tried.every(({ status }) => status === 'rejected'))
    throw refused.reason
}

const NUMBER = String.raw`[+-]?(?:\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})`
const POSITION = new RegExp(`^(${NUMBER}),(${NUMBER})$`)

function parseQuadrants(
  text: string,
  { quadrants, quadrantMeaning }: Pick<DetectorLayout, 'quadrants' | 'quadrantMeaning'>,
): QuadrantPositions {
  const [first, second, third, fourth, ...others] = text.trim().split(/\s+/).map(positionOf)
  if (first && second && third && fourth && others.length === 0) return [first, second, third, fourth]
  throw new UsageError(`--quad-positions ${JSON.stringify(text)} is not four positions x,y`, {
    hint: `Write them like "${quadrants.map(position => position.join(',')).join(' ')}": ${quadrantMeaning}`,
  })
}

function positionOf(text: string): Vector | undefined {
  const [, x, y] = POSITION.exec(text) ?? []
  return x === undefined || y === undefined ? undefined : [Number(x), Number(y)]
}
