import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * `mkdir -p`, level by level, telling which folders were made, outermost first.
 *
 * Node's own never returns where a file system refuses a name with ENOENT, as /proc does.
 * @param mode of the folders that are made, less what the umask takes.
 * @throws the system's error, which names the folder that could not be made; nothing is left of what was made until then.
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

/** Removes folders in which nothing lies, the last given first: the inverse of {@link makeFolders}. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // Something lies in it, or it is gone.
    }
  }
}

/** False if it is there already. */
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
