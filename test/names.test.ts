import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) +(\w+)/gm

/** Names that two files declare for now: each is to be renamed in one of them, and leaves this list then. */
const TWICE = new Set([
  ...['AGIPD', 'LPD', 'DSSC', 'STAGES', 'planesOf', 'stagePlanes'],
  ...['Layout', 'Message', 'offsetOf', 'endOf', 'ExdfFile', 'ExdfMetadata', 'dtypeOf'],
  ...['asOutputError', 'readFully', 'placeChunks', 'damaged', 'named'],
])

it('no two files export the same name: one name, one meaning', () => {
  const files = new Map<string, Set<string>>()
  for (const folder of ['src', 'constants', 'bench', 'workers'])
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, file)
      if (!path.endsWith('.ts')) continue
      // Overloads are one declaration: a file counts once.
      for (const [, name = ''] of readFileSync(join(ROOT, path), 'utf8').matchAll(EXPORT))
        files.set(name, (files.get(name) ?? new Set()).add(path))
    }
  expect(files.size).toBeGreaterThan(800)
  const twice = [...files].filter(([name, { size }]) => size > 1 && !TWICE.has(name))
  expect(twice.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)).toEqual([])
})
