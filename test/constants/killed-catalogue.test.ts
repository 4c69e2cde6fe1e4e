import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, test } from 'vitest'
import { SqliteCatalogue } from '../../constants/catalogue/sqlite-catalogue.js'
import { scratch } from '../helpers/exdf.js'

// What a process leaves that is killed while it makes or changes a catalogue's file.

test('a file without anything in it is no catalogue, and becomes one', () => {
  const root = scratch()
  const path = join(root, 'catalogue.sqlite')
  const database = new Database(path)
  // As far as a process had come that was killed when it had asked for the log.
  database.exec('PRAGMA journal_mode = WAL')
  database.close()
  expect(statSync(path).size).toBeGreaterThan(0)
  expect(SqliteCatalogue.isThere(root)).toBe(false)
  expect(() => SqliteCatalogue.open(root)).toThrow('there is no catalogue')
  SqliteCatalogue.open(root, 'write').close()
  expect(SqliteCatalogue.isThere(root)).toBe(true)
  SqliteCatalogue.open(root).close()
})

test('a change without a log that was not finished is taken back, also by who only reads', () => {
  const [root, killed] = [join(scratch(), 'whole'), join(scratch(), 'killed')]
  SqliteCatalogue.open(root, 'write').close()
  // Of its own name, since the library may hold the other one for a while.
  const path = join(root, 'copy.sqlite')
  copyFileSync(join(root, 'catalogue.sqlite'), path)
  const database = new Database(path)
  // Pages go to the file, and what they were before into the journal, while the transaction is open.
  database.exec('PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN')
  database.exec(`UPDATE sqlite_sequence SET seq = 1; PRAGMA user_version = 77`)
  for (let i = 0; i < 500; i++)
    database.exec(`INSERT INTO seals VALUES ('${'x'.repeat(400)}${i}', 1, 'none')`)
  mkdirSync(killed)
  for (const end of ['', '-journal']) copyFileSync(`${path}${end}`, join(killed, `catalogue.sqlite${end}`))
  expect(statSync(join(killed, 'catalogue.sqlite-journal')).size).toBeGreaterThan(0)
  database.exec('ROLLBACK')
  database.close()
  expect(SqliteCatalogue.isThere(killed)).toBe(true)
  SqliteCatalogue.open(killed).close()
  expect(statSync(join(killed, 'catalogue.sqlite')).size).toBe(statSync(path).size)
})
