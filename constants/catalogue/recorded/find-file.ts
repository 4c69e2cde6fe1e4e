import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ConstantsError, type Place } from '../../../src/model/errors.js'
import { isFile } from '../store.js'

/**
 * The file that a metadata file means by `path`. A relative path is below `root`. An absolute one in the `xfel/cal/` of a store
 * is that of `root`, a copy of the store, where it has it.
 * @throws ConstantsError if there is no such file, or the path leads out of `root`.
 */
export function findRecordedFile(path: string, root: string | undefined, place: Place): string {
  const refuse = (message: string, hint: string) =>
    new ConstantsError(message, { place: { ...place, file: path }, hint })
  if (!isAbsolute(path)) {
    if (root === undefined)
      throw refuse('its path is relative', 'State with --constants-root the folder it is below')
    const found = below(root, path)
    if (found === undefined)
      throw refuse('its path leads out of --constants-root', 'Do not trust this metadata file')
    if (isFile(found)) return found
    throw refuse(`there is no such file below ${root}`, 'Check --constants-root')
  }
  const [, inStore] = /\/(xfel\/cal\/.+)$/.exec(path) ?? []
  const copy = root !== undefined && inStore !== undefined ? below(root, inStore) : undefined
  if (copy !== undefined && isFile(copy)) return copy
  if (isFile(path)) return path
  throw refuse(
    root === undefined ? 'the file is missing' : `the file is missing, and is not below ${root} either`,
    'Name with --constants-root the root of a store that has it',
  )
}

/** `path` below `root`; undefined if it leads out of it. */
function below(root: string, path: string): string | undefined {
  const found = join(resolve(root), path)
  const inside = relative(resolve(root), found)
  return inside === '..' || inside.startsWith(`..${sep}`) ? undefined : found
}
