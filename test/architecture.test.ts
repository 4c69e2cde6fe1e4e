import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDERS = ['src', 'constants', 'workers', 'kernels', 'bench']

/** Levels of the import rule (docs/architecture.md): a file imports from its own level or below. */
const LEVEL: Readonly<Record<string, number>> = {
  'src/model': 0,
  'src/detectors': 1,
  'src/hdf5': 2,
  'src/bridge': 2,
  'src/memory': 2,
  'src/geometry': 2,
  'src/sources': 3,
  'src/sinks': 3,
  'src/corrections': 3,
  constants: 3,
  'src/engine': 4,
  'src/jobs': 5,
  'src/online': 5,
  'src/report': 5,
  'src/cli': 6,
  bench: 7,
  workers: 7,
}

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: number
  /** Files it imports, relative to the root. */
  readonly imports: readonly string[]
}

const files: readonly SourceFile[] = FOLDERS.flatMap(folder => walk(join(ROOT, folder))).map(path => {
  const text = readFileSync(path, 'utf8')
  const specifiers = [...text.matchAll(/^(?:import|export)[^'"]*from\s+['"](\.[^'"]+)['"]/gms)].map(
    match => match[1] ?? '',
  )
  return {
    path: relative(ROOT, path),
    text,
    lines: text.split('\n').length,
    imports: specifiers.map(specifier =>
      relative(ROOT, resolve(dirname(path), specifier)).replace(/\.js$/, '.ts'),
    ),
  }
})

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
}

function areaOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'src' ? (path.split('/').length > 2 ? `src/${second}` : 'src') : top
}

describe('import rule', () => {
  const pairs = files.flatMap(({ path, imports }) => imports.map(target => ({ path, target })))

  it('finds imports at all', () => {
    expect(pairs.length).toBeGreaterThan(100)
  })

  it('knows the level of every folder', () => {
    const unknown = files
      .map(({ path }) => areaOf(path))
      .filter(area => area !== 'kernels' && area !== 'src' && !(area in LEVEL))
    expect([...new Set(unknown)]).toEqual([])
  })

  it('goes downwards only', () => {
    const upwards = pairs.filter(
      ({ path, target }) => (LEVEL[areaOf(target)] ?? 99) > (LEVEL[areaOf(path)] ?? -1),
    )
    expect(upwards.filter(({ path }) => areaOf(path) !== 'kernels')).toEqual([])
  })

  it('lets nobody import workers, and kernels nothing else', () => {
    expect(pairs.filter(({ target }) => areaOf(target) === 'workers')).toEqual([])
    expect(
      pairs.filter(({ path, target }) => areaOf(path) === 'kernels' && areaOf(target) !== 'kernels'),
    ).toEqual([])
  })

  it('has no cycles between files', () => {
    const graph = new Map(files.map(file => [file.path, file.imports]))
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
        return
      }
      if (done.has(path)) return
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const { path } of files) visit(path, [])
    expect(cycles).toEqual([])
  })
})

describe('file sizes', () => {
  it('stay below 400 lines, near a hundred in the middle', () => {
    const long = files.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`)
    expect(long).toEqual([])
    const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(130)
  })
})

describe('house rules', () => {
  it('starts h5wasm in one place', () => {
    const importers = files.filter(({ text }) => /from ['"]h5wasm/.test(text)).map(({ path }) => path)
    expect(importers).toEqual(['src/hdf5/library.ts'])
  })

  // Node's own never returns where a file system refuses a name with ENOENT: src/model/folders.ts makes them level by level.
  it('makes no folders recursively', () => {
    const recursive = files.filter(({ text }) => /\bmkdir(?:Sync)?\([^)]*recursive/.test(text))
    expect(recursive.map(({ path }) => path)).toEqual([])
  })
})
