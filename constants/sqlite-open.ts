import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Database from 'libsql'
import { BusyError, ConstantsError, DetcalError } from '../src/model/errors.js'
import { damaged } from './seals.js'
import { logIsDamaged } from './sqlite-log.js'
import { firstPageDamage } from './sqlite-page.js'

/** How long one process waits for another that is writing. */
export const BUSY_MS = 10_000

/** Refuses a file that the library would die of, or read wrongly; to be called before it opens it. @throws ConstantsError */
export function refuseDamage(path: string): void {
  const damage = firstPageDamage(path)
  if (damage !== undefined) throw damaged({ path }, damage)
  if (!logIsDamaged(path)) return
  throw new ConstantsError('the catalogue is damaged: its log is, and what was entered last would be lost', {
    place: { file: `${path}-wal` },
    hint: 'Restore both files from a copy, or remove this one to go on without what was entered last',
  })
}

/**
 * libsql takes no read-only option, but URIs. A catalogue on a file system that may not be written has no log beside
 * it and cannot get one: then it cannot change either, and is opened as immutable.
 */
export function openReadOnly(path: string): Database.Database {
  const uri = pathToFileURL(path).href
  try {
    const database = new Database(`${uri}?mode=ro`, { timeout: BUSY_MS })
    database.prepare('PRAGMA user_version').all()
    return database
  } catch (error) {
    if (existsSync(`${path}-wal`) || (error as { code?: unknown }).code === 'SQLITE_NOTADB') throw error
    return new Database(`${uri}?immutable=1`, { timeout: BUSY_MS })
  }
}

/** SQLite's own words are of pages and schemas: `ERROR` is what it says of tables and columns that it does not find. */
const DAMAGE = /^SQLITE_(CORRUPT\w*|ERROR|FORMAT)$/

/** Runs `action`; what SQLite complains about names the file. @throws ConstantsError, BusyError */
export function named<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof DetcalError || !(error instanceof Error)) throw error
    const options = { place: { file: path }, cause: error }
    const code = String((error as { code?: unknown }).code ?? '')
    if (code.startsWith('SQLITE_BUSY'))
      throw new BusyError('another process is writing the catalogue', { ...options, hint: 'Try again later' })
    if (code === 'SQLITE_NOTADB') throw damaged({ path }, 'the file is not a database')
    if (DAMAGE.test(code)) throw damaged({ path }, 'SQLite cannot read it')
    const hint = 'Check that the folder is there, may be read, and written where the command writes'
    throw new ConstantsError(`the catalogue cannot be used: ${error.message}`, { ...options, hint })
  }
}
