import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Database from 'libsql'
import { BusyError, ConstantsError, DetcalError } from '../src/model/errors.js'
import { makeFolders } from '../src/model/folders.js'
import { SCHEMA, SCHEMA_VERSION } from './schema.js'

/** How long one process waits for another that is writing. */
const BUSY_MS = 10_000

export type Row = Readonly<Record<string, unknown>>

/** The SQLite file of a catalogue, opened. Everything SQLite complains about names the file. */
export class CatalogueFile {
  readonly path: string
  readonly #database: Database.Database
  readonly #mode: 'read' | 'write'

  private constructor(path: string, database: Database.Database, mode: 'read' | 'write') {
    this.path = path
    this.#database = database
    this.#mode = mode
  }

  /**
   * Opens `catalogue.sqlite` in `root`: to `read`, or to `write`, which makes folder and file if they are missing.
   * @throws ConstantsError if there is none to read, it is no catalogue, or a later detcal made it.
   */
  static open(root: string, mode: 'read' | 'write'): CatalogueFile {
    const path = join(root, 'catalogue.sqlite')
    return named(path, () => {
      if (mode === 'read') {
        if (!existsSync(path))
          throw new ConstantsError('there is no catalogue', {
            place: { file: path },
            hint: 'Name the folder of a catalogue, or fill one with detcal constants import',
          })
        const file = new CatalogueFile(path, openReadOnly(path), mode)
        return file.#unlessFailed(false, () => file.#requireVersion(SCHEMA_VERSION))
      }
      makeFolders(root)
      try {
        return CatalogueFile.#openToWrite(path, 'shared')
      } catch (error) {
        if (!/^SQLITE_IOERR_SHM/.test(codeOf((error as Error).cause))) throw error
        // A file system on which processes share no memory, which the log needs (sshfs, some object stores).
        return CatalogueFile.#openToWrite(path, 'alone')
      }
    })
  }

  /** @param access `alone`: without a write-ahead log, and so that nobody else reads or writes until it is closed. */
  static #openToWrite(path: string, access: 'shared' | 'alone'): CatalogueFile {
    const isNew = !existsSync(path)
    const file = new CatalogueFile(path, new Database(path, { timeout: BUSY_MS }), 'write')
    return file.#unlessFailed(isNew, () => {
      if (access === 'alone') file.#exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE')
      else file.#useWriteAheadLog()
      file.#prepareToWrite()
    })
  }

  /** All rows of a query. */
  rows(sql: string, ...parameters: readonly (string | number | null)[]): Row[] {
    return named(this.path, () => this.#database.prepare(sql).all(...parameters) as Row[])
  }

  /** Runs one statement. @returns the id of the row it inserted. */
  run(sql: string, ...parameters: readonly (string | number | null)[]): number {
    return named(this.path, () => Number(this.#database.prepare(sql).run(...parameters).lastInsertRowid))
  }

  /** Runs `action` in one transaction that holds the write lock from its start: all of it lands or nothing does. */
  transaction<T>(action: () => T): T {
    this.#exec('BEGIN IMMEDIATE')
    try {
      const result = action()
      this.#exec('COMMIT')
      return result
    } catch (error) {
      try {
        this.#exec('ROLLBACK')
      } catch {
        // A full disk has made SQLite roll back by itself; the first error is the one that explains.
      }
      throw error
    }
  }

  close(): void {
    // Brings the log into the file, so that a copy of the file alone is whole; while others read, the next one does.
    try {
      if (this.#mode === 'write') this.rows('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // On a full disk the log keeps what was entered: that is as safe there, and must not be told as a failure.
    } finally {
      this.#database.close()
    }
  }

  /** Where `prepare` fails, closes the file and, if it is new and nothing is in it, removes it. */
  #unlessFailed(isNew: boolean, prepare: () => void): this {
    try {
      prepare()
      return this
    } catch (error) {
      const remove = isNew && this.#isEmpty()
      this.#database.close()
      if (remove) for (const end of ['', '-wal', '-shm']) rmSync(`${this.path}${end}`, { force: true })
      throw error
    }
  }

  /** Has no tables, as far as can be told: a full disk lets nobody in. */
  #isEmpty(): boolean {
    try {
      return this.rows('SELECT 1 FROM sqlite_schema').length === 0
    } catch {
      return true
    }
  }

  #exec(sql: string): void {
    named(this.path, () => this.#database.exec(sql))
  }

  #prepareToWrite(): void {
    this.transaction(() => {
      if (this.#version() === 0 && this.rows('SELECT 1 FROM sqlite_schema').length === 0) {
        this.#exec(SCHEMA)
        this.#exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
      }
    })
    this.#requireVersion(SCHEMA_VERSION)
  }

  /** SQLite does not wait by itself when two processes turn a new file's log on at once. */
  #useWriteAheadLog(): void {
    const until = Date.now() + BUSY_MS
    for (;;) {
      try {
        this.#exec('PRAGMA journal_mode = WAL')
        return
      } catch (error) {
        if (!(error instanceof BusyError) || Date.now() > until) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      }
    }
  }

  #version(): number {
    return Number(this.rows('PRAGMA user_version')[0]?.['user_version'])
  }

  #requireVersion(wanted: number): void {
    const found = this.#version()
    if (found === wanted) return
    const place = { file: this.path }
    throw found > wanted
      ? new ConstantsError(`a later detcal made this catalogue (its version is ${found}, ours ${wanted})`, {
          place,
          hint: 'Use that detcal or a newer one',
        })
      : new ConstantsError('it is an SQLite file, but no catalogue', {
          place,
          hint: 'Name the folder of a catalogue',
        })
  }
}

/**
 * libsql takes no read-only option, but URIs. A catalogue on a file system that may not be written, or on which processes
 * share no memory, has no log beside it (or an empty one, made in the attempt) and cannot get one: it is opened as immutable.
 */
function openReadOnly(path: string): Database.Database {
  const uri = pathToFileURL(path).href
  try {
    const database = new Database(`${uri}?mode=ro`, { timeout: BUSY_MS })
    database.prepare('PRAGMA user_version').all()
    return database
  } catch (error) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (log > 0 || codeOf(error) === 'SQLITE_NOTADB') throw error
    return new Database(`${uri}?immutable=1`, { timeout: BUSY_MS })
  }
}

/** SQLite's name of what went wrong, `SQLITE_BUSY`; empty for what is no error of its. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '')
}

function named<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof DetcalError || !(error instanceof Error)) throw error
    const options = { place: { file: path }, cause: error }
    const code = codeOf(error)
    if (code.startsWith('SQLITE_BUSY'))
      throw new BusyError('another process is writing the catalogue', {
        ...options,
        // To SQLite a lock that the file system does not know is one that somebody else holds.
        hint: 'Try again later; if there is no such process, its file system has no file locks: keep it on another one',
      })
    const hint =
      code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT'
        ? 'Restore it from a copy, or import the constants into a new folder'
        : /^SQLITE_(?:IOERR_(?:SHM|LOCK|UNLOCK|RDLOCK|CHECKRESERVEDLOCK)|PROTOCOL|NOLFS)/.test(code)
          ? 'Its file system lacks file locks or shared memory: keep the catalogue on another one, such as a local disk'
          : 'Check that the folder is there, may be read, and written where the command writes'
    throw new ConstantsError(`the catalogue cannot be used: ${error.message}`, { ...options, hint })
  }
}
