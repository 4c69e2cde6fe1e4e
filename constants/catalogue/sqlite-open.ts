import { statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Database from 'libsql'
import { notAFile } from '../../src/files/regular.js'
import { BusyError, ConstantsError, DetcalError } from '../../src/model/errors.js'
import { damagedCatalogue } from './seals.js'
import { logIsDamaged } from './sqlite-log.js'
import { firstPageDamage } from './sqlite-page.js'

/** How long a process waits for another one that is writing. */
export const BUSY_MS = 10_000

/**
 * Refuses a file that would end the library's process, or that it would read wrongly; to be called before opening it.
 * @throws ConstantsError
 */
export function refuseDamage(path: string): void {
  const what = notAFile(path)
  if (what !== undefined)
    throw new ConstantsError(what, { place: { file: path }, hint: 'Name the folder of a catalogue' })
  const damage = firstPageDamage(path)
  if (damage !== undefined) throw damagedCatalogue({ path }, damage)
  if (!logIsDamaged(path)) return
  throw new ConstantsError('the catalogue is damaged: its log is, and what was entered last would be lost', {
    place: { file: `${path}-wal` },
    hint: 'Restore both files from a copy, or remove this one to go on without what was entered last',
  })
}

/**
 * libsql has no read-only option, but accepts URIs. A catalogue on a read-only file system, or on one where processes
 * share no memory, has no log beside it (or an empty one, left by the attempt) and cannot get one: it is opened as
 * immutable. What a process without a log (`alone`) was killed amidst is taken back first, which takes writing.
 */
export function openReadOnly(path: string): Database.Database {
  const uri = pathToFileURL(path).href
  const opened = (address: string) => {
    const database = new Database(address, { timeout: BUSY_MS })
    database.prepare('PRAGMA user_version').all()
    return database
  }
  try {
    return opened(`${uri}?mode=ro`)
  } catch (error) {
    if (codeOf(error) === 'SQLITE_READONLY_ROLLBACK') {
      opened(path).close()
      return opened(`${uri}?mode=ro`)
    }
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (log > 0 || codeOf(error) === 'SQLITE_NOTADB') throw error
    return new Database(`${uri}?immutable=1`, { timeout: BUSY_MS })
  }
}

/** SQLite's code of an error, such as `SQLITE_BUSY`; empty if the error is not SQLite's. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '')
}

/** Codes of damage; `ERROR` is what SQLite reports for missing tables and columns. */
const DAMAGE = /^SQLITE_(CORRUPT\w*|ERROR|FORMAT)$/

const POOR_FILE_SYSTEM = /^SQLITE_(?:IOERR_(?:SHM|LOCK|UNLOCK|RDLOCK|CHECKRESERVEDLOCK)|PROTOCOL|NOLFS)/

/** Runs `action`; errors of SQLite get the name of the file. @throws ConstantsError, BusyError */
export function inCatalogue<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof DetcalError || !(error instanceof Error)) throw error
    const options = { place: { file: path }, cause: error }
    const code = codeOf(error)
    if (code.startsWith('SQLITE_BUSY'))
      throw new BusyError('another process is writing the catalogue', {
        ...options,
        // SQLite takes an unsupported lock for one that another process holds.
        hint: 'Try again later; if there is no such process, its file system has no file locks: keep it on another one',
      })
    if (code === 'SQLITE_NOTADB') throw damagedCatalogue({ path }, 'the file is not a database')
    if (DAMAGE.test(code)) throw damagedCatalogue({ path }, 'SQLite cannot read it')
    const hint = POOR_FILE_SYSTEM.test(code)
      ? 'Its file system lacks file locks or shared memory: keep the catalogue on another one, such as a local disk'
      : 'Check that the folder is there, may be read, and written where the command writes'
    throw new ConstantsError(`the catalogue cannot be used: ${error.message}`, { ...options, hint })
  }
}
