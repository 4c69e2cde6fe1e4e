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
  /** `detcal 1.2.3+<hash of the code>`: another formula, recipe or kernel makes other bytes of the same constants. */
  readonly software: string
}

/**
 * Name of the pack with this content: a SHA-256, hexadecimal.
 *
 * The content of a file is what the catalogue says, its SHA-256; that it still is what the catalogue says is taken from
 * size, mtime and ctime, which are part of the name too: a file that was touched since is loaded anew.
 * @returns undefined if a file is missing or has another size than the catalogue says: then there is no such pack.
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
