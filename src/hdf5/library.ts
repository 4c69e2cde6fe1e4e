import { statSync } from 'node:fs'
import type { Entity, File, FileOptions } from 'h5wasm/node'
import { DataError, DetcalError, isDetcalError, OutputError } from '../model/errors.js'
import { Unsupported } from './direct/index.js'
import { Guard } from './guard.js'

export type { Attribute, Dataset, Entity, File, FileOptions, Group } from 'h5wasm/node'

export type OpenMode = 'r' | 'a' | 'w' | 'x'

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

  /** A file that is only read: what it gives is looked at first. */
  class GuardedFile extends H5File {
    readonly #guard: Guard

    constructor(path: string, options?: FileOptions) {
      super(path, 'r', options)
      this.#guard = new Guard(path, (error, dataset) => wrapped(path, 'r', error, dataset))
    }

    override get(path: string): Entity | null {
      return this.#guard.entity(path, name => super.get(name))
    }

    override close(): ReturnType<File['close']> {
      this.#guard.close()
      return super.close()
    }
  }

  return {
    open: (path, mode, options) => {
      if (breakdown !== undefined) throw afterBreakdown(path, breakdown)
      return named(path, mode, () => {
        if (mode !== 'r') return new H5File(path, mode, options)
        requireFile(path)
        return new GuardedFile(path, options)
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
    const explained = wrapped(path, mode, error)
    try {
      if (breakdown === undefined) file.close()
    } catch {
      // The first error is the one that explains.
    }
    throw explained
  }
  // Closing flushes: a full disk shows only here.
  named(path, mode, () => file.close())
  return result
}

/** Runs `action`; what the library throws becomes a DataError (mode `r`) or OutputError naming `path`. */
export function named<T>(path: string, mode: OpenMode, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw wrapped(path, mode, error)
  }
}

/**
 * The result of `ask`, or undefined where the library throws instead of answering "no". What the direct reader does not
 * know is no answer, and neither is what it says cannot be read.
 */
export function ifAny<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof Unsupported || isDetcalError(error))
      throw error
    return undefined
  }
}

/** The file that an external link on the way to `path` leads to; undefined: there is none on it. */
export function externalLinkOn(file: File, path: string): string | undefined {
  const names = path.split('/').filter(name => name !== '')
  for (let length = 1; length <= names.length; length++) {
    const link = ifAny(() => file.get_external_link(`/${names.slice(0, length).join('/')}`))
    const name = link && 'filename' in link ? link.filename : undefined
    if (typeof name === 'string') return name
  }
  return undefined
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
    return new DataError(...inWords(message, { place, cause: error }))
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
