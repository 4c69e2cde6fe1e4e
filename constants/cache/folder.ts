import { lstatSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { makeFolders } from '../../src/files/folders.js'
import { OutputError } from '../../src/model/errors.js'

/** File systems in memory, by Linux's magic numbers: tmpfs, ramfs. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6])

/** Bytes that packs may take by default. */
export const DEFAULT_CACHE_BYTES = 16 * 1024 ** 3

/**
 * Default folder of packs: `$XDG_CACHE_HOME/detcal`, else a folder of the user's in /var/tmp, which survives the job
 * and has no small quota as homes do.
 * @returns undefined if that is in memory rather than on a disk.
 */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const xdg = env['XDG_CACHE_HOME']
  const stated = xdg !== undefined && isAbsolute(xdg)
  const parent = stated ? xdg : isFolder('/var/tmp') ? '/var/tmp' : tmpdir()
  const folder = join(parent, stated ? 'detcal' : `detcal-${process.getuid?.() ?? 'cache'}`)
  return !stated && isInMemory(parent) ? undefined : folder
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isInMemory(path: string): boolean {
  try {
    return IN_MEMORY.has(statfsSync(path).type)
  } catch {
    return false
  }
}

/**
 * Creates `folder` if necessary, for its owner alone, and checks that packs in it can be trusted: in a folder that
 * others may write to, a pack's name guarantees nothing.
 * @param stated named by the user: it may belong to a group; otherwise it must be the user's own.
 * @throws OutputError
 */
export function openCacheFolder(folder: string, stated: boolean): void {
  const hint = 'Use --constants-cache with a folder of your own, or --constants-cache off'
  const refuse = (what: string) => new OutputError(what, { place: { file: folder }, hint })
  try {
    makeFolders(folder, 0o700)
    // Anybody may have put a link into a public folder.
    const found = stated ? statSync(folder) : lstatSync(folder)
    if (!found.isDirectory()) throw refuse('the constants cache is not a folder')
    const { uid, mode } = found
    const own = uid === (process.getuid?.() ?? uid)
    if (!stated && !own) throw refuse('the constants cache belongs to another user')
    if ((mode & (stated ? 0o002 : 0o022)) !== 0) throw refuse('others may write to the constants cache')
  } catch (error) {
    if (error instanceof OutputError) throw error
    throw new OutputError(
      `it cannot hold the constants cache: ${(error as Error).message.replace(/^E[A-Z0-9]+: /, '')}`,
      {
        place: { file: folder },
        hint,
        cause: error,
      },
    )
  }
}
