import { closeSync, openSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { Unreadable } from './errors.js'
import { FileView } from './file-view.js'
import type { LocatedElements, Piece } from './types.js'

/** A file that holds references may itself be referred to, but not in circles. */
const MAX_DEPTH = 16

/**
 * Where HDF5 looks for the source `name` of a virtual dataset or an external link in `holder`: in the folder of the file
 * that holds the reference, in the working directory, in the folder where that file really is; an absolute name as it
 * is, then by its last part.
 */
export function candidates(name: string, holder: string): string[] {
  const relative = isAbsolute(name) ? basename(name) : name
  const real = ifThere(() => realpathSync(holder)) ?? holder
  const below = [join(dirname(resolve(holder)), relative), resolve(relative), join(dirname(real), relative)]
  if (!isAbsolute(name)) return below
  // The last part of an absolute name may be the holder's own: a run's virtual file is called as the file it stands for.
  return [name, ...below.filter(path => ifThere(() => realpathSync(path)) !== real)]
}

function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/** The source of `view`'s dataset is not to be had, for messages: one sentence each. */
export function notThere(view: FileView, what: string): Unreadable {
  return new Unreadable(what, {
    place: { file: view.file, dataset: view.dataset },
    hint: 'Bring the missing file to where it was, or copy the data into one file while all are there',
  })
}

/**
 * Opens the file that `name` in `view`'s file refers to (`.`: itself) and hands it to `use`.
 * @param what the kind of reference, for messages: `virtual dataset`.
 * @throws Unreadable if it is not there or cannot be opened, or references go round in circles.
 */
export function withSource<T>(view: FileView, name: string, what: string, use: (source: FileView) => T): T {
  if (view.depth >= MAX_DEPTH) throw notThere(view, `${what}: its source ${name} refers back to it`)
  const path = name === '.' ? view.file : foundAt(view, name, what)
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException
    throw notThere(view, `${what}: its source ${path} cannot be opened (${code})`)
  }
  try {
    return use(new FileView(fd, path, view.dataset, view.depth + 1))
  } finally {
    closeSync(fd)
  }
}

function foundAt(view: FileView, name: string, what: string): string {
  const path = candidates(name, view.file).find(isFile)
  if (path === undefined) throw notThere(view, `${what}: its source ${name} is not there`)
  return path
}

function isFile(path: string): boolean {
  // Behind a folder that may not be entered, a file is as good as absent.
  return ifThere(() => statSync(path).isFile()) ?? false
}

/** The whole of a source as the whole of the dataset that refers to it. */
export function wholePiece(located: LocatedElements, file: string): Piece {
  const zeros = located.shape.map(() => 0)
  const axes = located.shape.map((_, d) => d)
  return { ...identityOf(file), located, target: zeros, count: located.shape, source: zeros, axes }
}

/** What tells whether a source is still the same when it is read. */
export function identityOf(file: string): Pick<Piece, 'file' | 'size' | 'mtimeMs'> {
  const { size, mtimeMs } = statSync(file)
  return { file, size, mtimeMs }
}
