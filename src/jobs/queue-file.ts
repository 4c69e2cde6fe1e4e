import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import Database from 'libsql'
import { BUSY_MS, codeOf } from '../../constants/catalogue/sqlite-open.js'
import { BusyError, DataError, isDetcalError, UsageError } from '../model/errors.js'
import { QUEUE_SCHEMA, QUEUE_STEPS, QUEUE_VERSION } from './queue-schema.js'

export type QueueValue = string | number
export type QueueRow = Readonly<Record<string, unknown>>

/** The open SQLite file of a queue, in WAL mode: the service and commands of its host use it at the same time. */
export class QueueFile {
  readonly path: string
  readonly #database: Database.Database
  /** Prepared once: there are few, and each is memory outside of JavaScript's. */
  readonly #statements = new Map<string, Database.Statement>()
  #isWithin = false

  private constructor(path: string, database: Database.Database) {
    this.path = path
    this.#database = database
  }

  /**
   * Opens the queue at `path`.
   * @param create whether one is made if there is none.
   * @throws UsageError if there is none, or it is another database. @throws BusyError if another process keeps it.
   * @throws DataError if SQLite cannot use it.
   */
  static open(path: string, create: boolean): QueueFile {
    const absolute = resolve(path)
    const place = { file: absolute }
    if (!create && !existsSync(absolute))
      throw new UsageError('there is no queue', { place, hint: 'Name that of detcal jobs serve' })
    if (!existsSync(dirname(absolute)))
      throw new UsageError('the folder of the queue does not exist', { place, hint: 'Make it' })
    return inQueue(absolute, () => {
      const file = new QueueFile(absolute, new Database(absolute, { timeout: BUSY_MS }))
      try {
        file.#prepare()
        return file
      } catch (error) {
        file.close()
        throw error
      }
    })
  }

  #prepare(): void {
    this.#useWriteAheadLog()
    // What was accepted stays accepted when the power fails.
    this.#database.exec('PRAGMA synchronous = FULL')
    this.transaction(() => {
      const [row] = this.all('PRAGMA user_version')
      const version = Number(row?.['user_version'])
      if (version === QUEUE_VERSION) return
      if (QUEUE_STEPS[version] !== undefined) {
        for (let from = version; from < QUEUE_VERSION; from++) this.#database.exec(QUEUE_STEPS[from] ?? '')
        this.#database.exec(`PRAGMA user_version = ${QUEUE_VERSION}`)
        return
      }
      if (version !== 0 || this.all('SELECT 1 FROM sqlite_schema').length > 0)
        throw new UsageError('it is an SQLite file, but no queue of this detcal', {
          place: { file: this.path },
          hint: 'Name another --queue',
        })
      this.#database.exec(QUEUE_SCHEMA)
      this.#database.exec(`PRAGMA user_version = ${QUEUE_VERSION}`)
    })
  }

  /** SQLite does not wait by itself when two processes enable a new file's log at once. */
  #useWriteAheadLog(): void {
    for (
      const until = Date.now() + BUSY_MS;
      ;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    )
      try {
        this.#database.exec('PRAGMA journal_mode = WAL')
        return
      } catch (error) {
        if (!codeOf(error).startsWith('SQLITE_BUSY') || Date.now() > until) throw error
      }
  }

  /** Runs `action` in one transaction that holds the write lock from its start: all of it is committed, or nothing. */
  transaction<T>(action: () => T): T {
    if (this.#isWithin) return action()
    return inQueue(this.path, () => {
      this.#database.exec('BEGIN IMMEDIATE')
      this.#isWithin = true
      try {
        const result = action()
        this.#database.exec('COMMIT')
        return result
      } catch (error) {
        try {
          this.#database.exec('ROLLBACK')
        } catch {
          // On a full disk SQLite has rolled back by itself; the first error is the informative one.
        }
        throw error
      } finally {
        this.#isWithin = false
      }
    })
  }

  /** A number that is another once another connection has changed something. */
  version(): number {
    return Number(this.all('PRAGMA data_version')[0]?.['data_version'])
  }

  all(sql: string, ...values: readonly QueueValue[]): QueueRow[] {
    return inQueue(this.path, () => this.#statement(sql).all(...values) as QueueRow[])
  }

  /** Runs one statement. @returns the id of the row it inserted. */
  run(sql: string, ...values: readonly QueueValue[]): number {
    return inQueue(this.path, () => Number(this.#statement(sql).run(...values).lastInsertRowid))
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.set(sql, known)
    return known
  }

  close(): void {
    this.#database.close()
  }
}

/** Runs `action`; errors of SQLite get the name of the file. */
function inQueue<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (isDetcalError(error) || !(error instanceof Error) || !codeOf(error).startsWith('SQLITE_')) throw error
    const options = { place: { file: path }, cause: error }
    if (codeOf(error).startsWith('SQLITE_BUSY'))
      throw new BusyError('another process keeps the queue', { ...options, hint: 'Try again' })
    throw new DataError(`the queue cannot be used: ${error.message}`, {
      ...options,
      hint: 'Keep it on a disk of this host that has room, and where you may write',
    })
  }
}
