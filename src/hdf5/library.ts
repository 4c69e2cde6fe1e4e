import { statSync } from 'node:fs'
import type { File, FileOptions } from 'h5wasm/node'
import { DataError, DetcalError, OutputError } from '../model/errors.js'

export type { Dataset, Entity, ExternalLink, File, FileOptions, Group } from 'h5wasm/node'

export type OpenMode = 'r' | 'a' | 'w' | 'x'

/** The library came to its end in a file: what it says of that one from now on may be wrong. */
export class LibraryBreakdown extends DataError {}

/** h5wasm with its error handler on. */
export interface Library {
  /**
   * Opens a file: `r` read, `a` read and write, `w` create or overwrite, `x` create only.
   * @throws DataError (mode `r`) or OutputError, naming the file.
   */
  open(path: string, mode: OpenMode, options?: FileOptions): File
}

let library: Promise<Library> | undefined

/**
 * The file on which the library broke down: damaged metadata can make it abort in the middle of an operation,
 * and whatever is asked of it later may be wrong or hang. So this thread does not ask it again.
 */
let breakdown: string | undefined

/**
 * The HDF5 library of this thread, started once.
 *
 * This is the only module that imports h5wasm: until its throwing error handler is on, the library reports
 * neither missing files nor full disks, and data are lost without a word. It is imported when first needed, since
 * that takes a tenth of a second of every thread that does.
 */
export function openLibrary(): Promise<Library> {
  library ??= start()
  return library
}

async function start(): Promise<Library> {
  const { File: H5File, ready } = await import('h5wasm/node')
  const module = await ready
  module.activate_throwing_error_handler()
  // On its way down it would write to stderr; what we say of it names the file.
  Object.assign(module, {
    onAbort: (what: unknown): never => {
      throw new WebAssembly.RuntimeError(String(what))
    },
  })

  return {
    open: (path, mode, options) => {
      if (breakdown !== undefined) throw afterBreakdown(path, breakdown)
      return explained(path, mode, () => {
        if (mode === 'r') requireFile(path)
        return new H5File(path, mode, options)
      })
    },
  }
}

/**
 * Opens `path`, hands it to `use` and closes it, whatever happens.
 * @throws DataError (mode `r`) or OutputError naming the file for everything the library complains about;
 * errors of detcal's own and programming errors pass unchanged.
 */
export async function withFile<T>(
  path: string,
  mode: OpenMode,
  use: (file: File) => T | Promise<T>,
  options?: FileOptions,
): Promise<T> {
  const file = (await openLibrary()).open(path, mode, options)
  let result: T
  try {
    result = await use(file)
  } catch (error) {
    const named = wrapped(path, mode, error)
    try {
      if (breakdown === undefined) file.close()
    } catch {
      // The first error is the one that explains.
    }
    throw named
  }
  // Closing flushes: a full disk shows only here.
  explained(path, mode, () => file.close())
  return result
}

/**
 * Runs `action`; what the library throws becomes a DataError (mode `r`) or OutputError naming `path`.
 * @param dataset what was asked for, for messages.
 */
export function explained<T>(path: string, mode: OpenMode, action: () => T, dataset?: string): T {
  try {
    return action()
  } catch (error) {
    throw wrapped(path, mode, error, dataset)
  }
}

/** What the library would say of no file in words of its own. */
function requireFile(path: string): void {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isFile()) return
  const message = there === undefined ? 'there is no such file' : 'is not a file'
  throw new DataError(message, { place: { file: path }, hint: 'Name an HDF5 file' })
}

function afterBreakdown(path: string, culprit: string): DataError {
  return new DataError(`cannot be opened: the HDF5 library broke down on ${culprit}`, {
    place: { file: path },
    hint: 'Move that file away, it is damaged, and try again',
  })
}

function wrapped(path: string, mode: OpenMode, error: unknown, dataset?: string): unknown {
  if (error instanceof DetcalError || error instanceof TypeError || error instanceof ReferenceError)
    return error
  if (error instanceof WebAssembly.RuntimeError) breakdown ??= path
  const message = reason(error)
  if (mode === 'r') {
    const place = { file: path, ...(dataset === undefined ? {} : { dataset: dataset.replace(/^\//, '') }) }
    const Kind = error instanceof WebAssembly.RuntimeError ? LibraryBreakdown : DataError
    return new Kind(...inWords(message, { place, cause: error }))
  }
  const hint = 'Check free space and permissions of its folder'
  return new OutputError(message, { place: { file: path }, hint, cause: error })
}

/** The two commonest kinds of damage in plain words, and what to do about each. */
function inWords<T extends object>(message: string, options: T): [string, T & { hint: string }] {
  const [, there, whole] = /truncated file: eof = (\d+),.* stored_eof = (\d+)/.exec(message) ?? []
  if (there !== undefined)
    return [
      `is truncated: ${there} of ${whole} bytes are there`,
      { ...options, hint: 'Wait until it is copied completely, or copy it again' },
    ]
  if (message.includes('file signature not found'))
    return ['is not an HDF5 file', { ...options, hint: 'Copy it again, or take it out of the folder' }]
  return [message, { ...options, hint: 'Check with h5ls or h5dump that the file is whole and readable' }]
}

/** The innermost line of an HDF5 error stack, which is the one that tells the cause; else the first line. */
function reason(error: unknown): string {
  if (error instanceof WebAssembly.RuntimeError) return 'the HDF5 library broke down on it'
  const text = error instanceof Error ? error.message : String(error)
  const frame = [...text.matchAll(/ in \w+\(\): (.+)/g)].at(-1)
  const inner = frame?.[1] ?? text.split('\n', 1)[0] ?? ''
  // Behind a time that ends its line.
  const system = /error message = '([^']+)'/.exec(text.slice(frame?.index ?? 0))?.[1]
  return `HDF5: ${system === undefined ? inner : `${inner.split(':', 1)[0]}: ${system}`}`
}
