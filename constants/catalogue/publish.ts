import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { contentOf } from '../../src/files/content.js'
import { asOutputError } from '../../src/files/errors.js'
import { makeFolders, removeEmptyFolders } from '../../src/files/folders.js'
import { sweepLeftoversBelow } from '../../src/files/leftovers.js'
import { nameOnce, replaceFile } from '../../src/files/names.js'
import { partOf } from '../../src/files/parts.js'
import { OutputError } from '../../src/model/errors.js'
import { isFile } from './store.js'

/** A file to be published. */
export interface PlannedOutput {
  /** Relative to the folder it goes to. */
  readonly file: string
  /** Writes all of it to a path that does not exist yet. */
  readonly write: (path: string) => Promise<void>
}

/**
 * Publishes files in `out`: all of them, once all are complete, or none. An existing file with the same bytes is kept;
 * with other bytes it is an error, or replaced with `overwrite`.
 * @returns for each whether it is new.
 * @throws OutputError; what the files' writers throw; the reason of `signal` once it is aborted.
 */
export async function publishFiles(
  outputs: readonly PlannedOutput[],
  out: string,
  overwrite: boolean,
  signal?: AbortSignal,
): Promise<boolean[]> {
  const folders: string[] = []
  const parts: Part[] = []
  // The tree is `xfel/cal/<type>/<pdu>`; other files of it may be exported this time.
  sweepLeftoversBelow(resolve(out), 4)
  try {
    for (const { file, write } of outputs) {
      signal?.throwIfAborted()
      const target = join(resolve(out), file)
      folders.push(...makeFolders(dirname(target)))
      const path = partOf(target)
      parts.push({ target, path })
      await write(path)
    }
    signal?.throwIfAborted()
    return await nameAll(parts, overwrite)
  } catch (error) {
    throw asOutputError(error, out)
  } finally {
    for (const { path } of parts) rmSync(path, { force: true })
    removeEmptyFolders(folders)
  }
}

/** A complete file that waits for its name. */
interface Part {
  readonly target: string
  readonly path: string
}

async function nameAll(parts: readonly Part[], overwrite: boolean): Promise<boolean[]> {
  const isNew: boolean[] = []
  for (const { path, target } of parts) {
    const there = isFile(target) && (await contentOf(target)).sha256 === (await contentOf(path)).sha256
    isNew.push(!there)
    if (!there && !overwrite && isFile(target)) throw inTheWay(target)
  }
  const named: string[] = []
  try {
    parts.forEach(({ path, target }, i) => {
      if (!isNew[i]) return
      if (nameOnce(path, target)) named.push(target)
      else if (overwrite) replaceFile(path, target)
      else throw inTheWay(target)
    })
  } catch (error) {
    for (const target of named) rmSync(target, { force: true })
    throw error
  }
  return isNew
}

function inTheWay(target: string): OutputError {
  return new OutputError('there is another file of this name', {
    place: { file: target },
    hint: 'Choose another --out, or replace it with --overwrite',
  })
}
