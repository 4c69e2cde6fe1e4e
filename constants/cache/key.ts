import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import type { PlaneRecipe } from '../../src/corrections/planes.js'
import type { ConstantVersion } from '../model/version.js'

/** Everything that shapes the bytes of a module's constants in a lane. */
export interface PackContent {
  readonly detector: string
  /** The kernel they are laid out for. */
  readonly kernel: string
  readonly planes: readonly PlaneRecipe[]
  /** Cell ids in the lane's order. */
  readonly cells: readonly number[]
  /** The constants that `planes` are made of, in any order. */
  readonly constants: readonly ConstantVersion[]
  /** `detcal 1.2.3+<hash of the code>`: with another formula, recipe or kernel the same constants give other bytes. */
  readonly software: string
}

/**
 * Name of the pack with this content: a SHA-256, hexadecimal.
 *
 * The content of a file is identified by the SHA-256 in the catalogue. Size, mtime and ctime, which are part of the
 * name too, indicate that the file is unchanged: one that was touched since is loaded again.
 * @returns undefined if a file is missing or its size differs from the catalogue's: there is no such pack then.
 */
export function packKey({ constants, ...rest }: PackContent): string | undefined {
  const files: unknown[] = []
  for (const { calibration, dataset, shape, dims, dtype, sha256, size, path } of constants) {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (file === undefined || file.size !== BigInt(size)) return undefined
    const state = [sha256, size, String(file.mtimeNs), String(file.ctimeNs)]
    files.push([calibration, dataset, shape, dims, dtype, state])
  }
  const text = JSON.stringify([
    rest.software,
    rest.detector,
    rest.kernel,
    rest.planes,
    rest.cells,
    files.sort(byName),
  ])
  return createHash('sha256').update(text).digest('hex')
}

function byName(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
