import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { makeFolders } from '../../src/files/folders.js'
import { BusyError, ConstantsError } from '../../src/model/errors.js'
import { CHANGING, SCHEMA, SCHEMA_VERSION, SEALING, UNCHANGED_VERSION, UNSEALED_VERSION } from './schema.js'
import { damagedCatalogue, rowChecksum, SEALED, type SealedTable, Seals, type TextRow } from './seals.js'
import { BUSY_MS, codeOf, inCatalogue, openReadOnly, refuseDamage } from './sqlite-open.js'

type Row = Readonly<Record<string, unknown>>
type Parameter = string | number | null

/**
 * The open SQLite file of a catalogue. Errors of SQLite name the file, and no row is trusted before its seal was
 * checked.
 */
export class CatalogueFile {
  readonly path: string
  readonly #database: Database.Database
  readonly #mode: 'read' | 'write'
  /** Nesting depth of transactions and snapshots. */
  #depth = 0
  #isSealed = false
  #hasChanges = false
  /** The seals as of the current transaction. */
  #seals: Seals | undefined

  private constructor(path: string, database: Database.Database, mode: 'read' | 'write') {
    this.path = path
    this.#database = database
    this.#mode = mode
  }

  /**
   * Opens `catalogue.sqlite` in `root`: to `read`, or to `write`, which creates folder and file if they are missing.
   * @throws ConstantsError if there is none to read, it is not a catalogue, or a later detcal made it.
   */
  static open(root: string, mode: 'read' | 'write'): CatalogueFile {
    const path = join(root, 'catalogue.sqlite')
    return inCatalogue(path, () => {
      if (mode === 'read') {
        // Where a folder may not be entered this throws: a catalogue may well be there.
        if (statSync(path, { throwIfNoEntry: false }) === undefined) throw noCatalogue(path)
        refuseDamage(path)
        const file = new CatalogueFile(path, openReadOnly(path), mode)
        return file.#unlessFailed(false, () => file.#requireVersion())
      }
      makeFolders(root)
      try {
        return CatalogueFile.#openToWrite(path, 'shared')
      } catch (error) {
        if (!/^SQLITE_IOERR_SHM/.test(codeOf((error as Error).cause))) throw error
        // The log needs shared memory between processes, which this file system lacks (sshfs, some object stores).
        return CatalogueFile.#openToWrite(path, 'alone')
      }
    })
  }

  /** Whether there is a catalogue in `root`, and not only the empty file of a process that ended before it had made one. */
  static isThere(root: string): boolean {
    const path = join(root, 'catalogue.sqlite')
    if (!existsSync(path)) return false
    return inCatalogue(path, () => {
      refuseDamage(path)
      const file = new CatalogueFile(path, openReadOnly(path), 'read')
      try {
        return !file.#isBlank()
      } finally {
        file.#database.close()
      }
    })
  }

  /** @param access `alone`: without a write-ahead log, and exclusively until it is closed. */
  static #openToWrite(path: string, access: 'shared' | 'alone'): CatalogueFile {
    const isNew = !existsSync(path)
    if (!isNew) refuseDamage(path)
    const file = new CatalogueFile(path, new Database(path, { timeout: BUSY_MS }), 'write')
    return file.#unlessFailed(isNew, () => {
      if (access === 'alone') file.#exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE')
      else file.#useWriteAheadLog()
      file.#prepareToWrite()
    })
  }

  /**
   * The rows of a sealed table: all, or those of one scope.
   * @param scope the values of the table's columns of scope, in their order.
   * @throws ConstantsError if any is damaged or missing.
   */
  sealed(table: SealedTable, scope?: readonly Parameter[]): TextRow[] {
    return this.snapshot(() => {
      const { columns, scope: keys } = SEALED[table]
      if (table === 'changes' && !this.#hasChanges) return []
      const where = scope && keys.map(key => `${key} = ?`).join(' AND ')
      if (!this.#isSealed) return this.texts(table, columns, where, ...(scope ?? []))
      this.#seals ??= Seals.read(this)
      const rows = this.texts(table, [...columns, 'checksum'], where, ...(scope ?? []))
      const name = scope && JSON.stringify([table, ...scope.map(String)])
      this.#seals.check(table, rows, name)
      return rows
    })
  }

  /** Seals rows that were just written, in the same transaction. */
  seal(table: SealedTable, rows: readonly TextRow[]): void {
    const key = table === 'placements' ? ['detector', 'module', 'begin_at'] : ['id']
    const sql = `UPDATE ${table} SET checksum = ? WHERE ${key.map(column => `${column} = ?`).join(' AND ')}`
    for (const row of rows) this.run(sql, rowChecksum(table, row), ...key.map(column => row[column] ?? null))
    this.#seals ??= Seals.read(this)
    this.#seals.add(table, rows)
  }

  /** Seals a version that was just written, in the same transaction, in place of what it was before. */
  reseal(before: TextRow, after: TextRow): void {
    this.run(
      'UPDATE versions SET checksum = ? WHERE id = ?',
      rowChecksum('versions', after),
      after['id'] ?? null,
    )
    this.#seals ??= Seals.read(this)
    this.#seals.replace('versions', before, after)
  }

  /**
   * Rows as text, read as bytes first: the library ends the process at a text that is not UTF-8.
   * @param where a condition of SQL, for the parameters.
   * @throws ConstantsError if one is not UTF-8.
   */
  texts(table: string, columns: readonly string[], where?: string, ...parameters: Parameter[]): TextRow[] {
    const list = columns.map(column => `CAST(${column} AS BLOB) AS ${column}`).join(', ')
    const rows = this.#rows(`SELECT ${list} FROM ${table}${where ? ` WHERE ${where}` : ''}`, ...parameters)
    return rows.map(row =>
      Object.fromEntries(columns.map(column => [column, this.#text(row[column], `${column} of ${table}`)])),
    )
  }

  /** The bytes in one column of the first row for which `where` is true. */
  bytes(table: string, column: string, where: string, ...parameters: Parameter[]): Uint8Array | undefined {
    const [row] = this.#rows(
      `SELECT CAST(${column} AS BLOB) AS bytes FROM ${table} WHERE ${where}`,
      ...parameters,
    )
    return bytesOf(row?.['bytes'])
  }

  /** False for a catalogue of an earlier detcal: it has no seals and no checksums. */
  get isSealed(): boolean {
    return this.#isSealed
  }

  /** Runs one statement. @returns the id of the row it inserted. */
  run(sql: string, ...parameters: readonly (Parameter | Uint8Array)[]): number {
    return inCatalogue(this.path, () =>
      Number(this.#database.prepare(sql).run(...parameters).lastInsertRowid),
    )
  }

  /** Runs `action` in one transaction that holds the write lock from its start: all of it is committed, or nothing. */
  transaction<T>(action: () => T): T {
    return this.#within('BEGIN IMMEDIATE', action)
  }

  /** Runs `action` on a snapshot of the catalogue. */
  snapshot<T>(action: () => T): T {
    return this.#within('BEGIN', action)
  }

  #within<T>(begin: string, action: () => T): T {
    if (this.#depth > 0) return action()
    this.#exec(begin)
    this.#depth++
    try {
      const result = action()
      this.#exec('COMMIT')
      return result
    } catch (error) {
      try {
        this.#exec('ROLLBACK')
      } catch {
        // On a full disk SQLite has rolled back by itself; the first error is the informative one.
      }
      throw error
    } finally {
      this.#depth--
      this.#seals = undefined
    }
  }

  close(): void {
    // Merges the log into the file, so that a copy of the file alone is complete. While others read, a later close does
    // it.
    try {
      if (this.#mode === 'write') this.#rows('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // On a full disk the log keeps what was entered: it is as safe there, so this is not a failure.
    } finally {
      this.#database.close()
    }
  }

  /** If `prepare` fails, closes the file and removes it if it is new and empty. */
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

  /** Whether it has no tables, as far as can be read: a full disk prevents that. */
  #isEmpty(): boolean {
    try {
      return this.#rows('SELECT 1 FROM sqlite_schema').length === 0
    } catch {
      return true
    }
  }

  #exec(sql: string): void {
    inCatalogue(this.path, () => this.#database.exec(sql))
  }

  #rows(sql: string, ...parameters: readonly Parameter[]): Row[] {
    return inCatalogue(this.path, () => this.#database.prepare(sql).all(...parameters) as Row[])
  }

  #text(value: unknown, what: string): string | null {
    if (value === null) return null
    try {
      const bytes = bytesOf(value)
      if (bytes) return UTF8.decode(bytes)
    } catch {}
    throw damagedCatalogue(this, `${what} is not text`)
  }

  #prepareToWrite(): void {
    this.transaction(() => {
      const version = this.#version()
      if (this.#isBlank()) this.#exec(SCHEMA)
      else if (version === UNSEALED_VERSION) this.#sealAll()
      else if (version === UNCHANGED_VERSION) this.#exec(CHANGING)
      else return
      this.#exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    })
    this.#requireVersion()
    this.#checkAll()
  }

  /** Seals a catalogue that was made before there were seals. */
  #sealAll(): void {
    const tables = ['placements', 'versions'] as const
    const rows = tables.map(table => this.texts(table, SEALED[table].columns))
    this.#exec(SEALING + CHANGING)
    tables.forEach((table, i) => {
      this.seal(table, rows[i] ?? [])
    })
  }

  /** Nothing is added to a damaged catalogue: its indices decide which entries exist already. */
  #checkAll(): void {
    for (const table of Object.keys(SEALED) as SealedTable[]) this.sealed(table)
    const found = this.texts('pragma_integrity_check', ['integrity_check'])
    if (found.length !== 1 || found[0]?.['integrity_check'] !== 'ok')
      throw damagedCatalogue(this, 'its tables and indices disagree')
  }

  /** SQLite does not wait by itself when two processes enable a new file's log at once. */
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

  /** Whether nobody has made anything of the file yet. */
  #isBlank(): boolean {
    return this.#version() === 0 && this.#rows('SELECT 1 FROM sqlite_schema').length === 0
  }

  #version(): number {
    return Number(this.#rows('PRAGMA user_version')[0]?.['user_version'])
  }

  #requireVersion(): void {
    const found = this.#version()
    const wanted = SCHEMA_VERSION
    this.#hasChanges = found === wanted
    this.#isSealed = found === wanted || found === UNCHANGED_VERSION
    const isEarlier = found === UNSEALED_VERSION || found === UNCHANGED_VERSION
    if (found === wanted || (isEarlier && this.#mode === 'read')) return
    if (this.#isBlank()) throw noCatalogue(this.path)
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

function noCatalogue(path: string): ConstantsError {
  return new ConstantsError('there is no catalogue', {
    place: { file: path },
    hint: 'Name the folder of a catalogue, or fill one with detcal constants import',
  })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function bytesOf(value: unknown): Uint8Array | undefined {
  return value instanceof ArrayBuffer
    ? new Uint8Array(value)
    : value instanceof Uint8Array
      ? value
      : undefined
}
