import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * `mkdir -p`, level by level: Node's own never returns where a file system refuses a name with ENOENT, as /proc does.
 * @param mode permissions of new folders, reduced by the umask.
 * @returns the folders that were made, outermost first.
 * @throws the system's error, which names the folder that could not be made; those made before it are removed.
 */
export function makeFolders(path: string, mode = 0o777): string[] {
  const wanted = [resolve(path)]
  for (let above = dirname(resolve(path)); !existsSync(above); above = dirname(above)) wanted.unshift(above)
  const made: string[] = []
  try {
    for (const folder of wanted) if (makeFolder(folder, mode)) made.push(folder)
    return made
  } catch (error) {
    removeEmptyFolders(made)
    throw error
  }
}

/** Removes those folders that are empty, the last one first: undoes {@link makeFolders}. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // It is not empty, or is gone already.
    }
  }
}

/** @returns whether it was made: false if it exists already. */
function makeFolder(folder: string, mode: number): boolean {
  try {
    mkdirSync(folder, { mode })
    return true
  } catch (error) {
    const there = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
    if (there) return false
    throw error
  }
}
