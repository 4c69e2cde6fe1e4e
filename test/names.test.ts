import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const EXPORT =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) +(\w+)/gm

it('no two files export the same name: one name, one meaning', () => {
  const files = new Map<string, Set<string>>()
  for (const folder of ['src', 'constants', 'bench', 'workers'])
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, file)
      if (!/\.tsx?$/.test(path)) continue
      // Overloads are one declaration: a file counts once.
      for (const [, name = ''] of readFileSync(join(ROOT, path), 'utf8').matchAll(EXPORT))
        files.set(name, (files.get(name) ?? new Set()).add(path))
    }
  expect(files.size).toBeGreaterThan(800)
  const twice = [...files].filter(([, { size }]) => size > 1)
  expect(twice.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`)).toEqual([])
})
