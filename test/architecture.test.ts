import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDERS = ['src', 'constants', 'workers', 'kernels', 'bench']

/**
 * The import rule (docs/architecture.md), lowest first: a file imports from its own room or from lower lines. Rooms of one
 * line do not know each other.
 */
const LEVELS: readonly (readonly string[])[] = [
  ['src/model'],
  ['src/files'],
  ['src/detectors'],
  ['kernels/gpu', 'src/memory', 'src/wasm', 'src/hdf5', 'src/combiner'],
  ['src/exdf', 'src/bridge', 'src/geometry'],
  ['src/corrections'],
  ['constants/model'],
  ['constants/files'],
  ['constants/loading'],
  ['constants/catalogue'],
  ['constants/cache'],
  ['constants/dark'],
  // What a detector kit is made of, and the kits: whoever is above is given a kit and knows no detector by name.
  ['src/sources/conditions', 'src/simulator/model'],
  ['src/kits'],
  ['src/sources'],
  // A CORR file is made of a run's.
  ['src/sinks'],
  ['src/engine/contract'],
  ['src/engine/plan', 'src/engine/threads', 'src/engine/worker'],
  ['src/device'],
  ['src/engine/run'],
  ['src/engine/stream', 'src/engine/dark'],
  ['src/report', 'src/simulator', 'src/validation', 'src/comparison'],
  ['src/preview', 'src/reproduce', 'src/explain'],
  ['src/report/run'],
  ['src/jobs', 'src/online'],
  ['src/web'],
  ['src/cli'],
  ['bench'],
  ['workers'],
]
const LEVEL = new Map(LEVELS.flatMap((rooms, level) => rooms.map(room => [room, level] as const)))

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: number
  /** Files it imports, relative to the root. */
  readonly imports: readonly string[]
}

/** `import … from`, `export … from`, `import()`, types among them. */
const IMPORT = /\b(?:from|import)\s*\(?\s*['"]((?:\.|#)[^'"]+)['"]/g
const { imports: ALIASES } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  imports: Readonly<Record<string, string>>
}

const files: readonly SourceFile[] = FOLDERS.flatMap(folder => walk(join(ROOT, folder))).map(path => {
  const text = readFileSync(path, 'utf8')
  const specifiers = [...text.matchAll(IMPORT)].map(match => match[1] ?? '')
  return {
    path: relative(ROOT, path),
    text,
    lines: text.split('\n').length,
    imports: specifiers.flatMap(specifier => targetOf(path, specifier)),
  }
})

/** The source file that a specifier of the file `path` means; none for what the build makes of other languages. */
function targetOf(path: string, specifier: string): string[] {
  const aliased = specifier.startsWith('#')
    ? aliasOf(specifier)
    : relative(ROOT, resolve(dirname(path), specifier))
  if (aliased === undefined) throw new Error(`${path}: package.json knows no ${specifier}`)
  const source = aliased.replace(/^dist\//, '').replace(/\.c?js$/, '.ts')
  if (!source.endsWith('.ts')) return []
  return [existsSync(join(ROOT, `${source}x`)) ? `${source}x` : source]
}

/** `#workers/engine` is `dist/workers/engine.cjs`. */
function aliasOf(specifier: string): string | undefined {
  for (const [alias, target] of Object.entries(ALIASES)) {
    const [before = '', after] = alias.split('*')
    if (after === undefined ? specifier === alias : specifier.startsWith(before))
      return target.replace('./', '').replace('*', specifier.slice(before.length))
  }
  return undefined
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
}

/** The room of a file: the innermost folder that has a level; of a file without one its path, of a kernel `kernels`. */
function roomOf(path: string): string {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
    if (LEVEL.has(folder)) return folder
  return path.startsWith('kernels/') ? 'kernels' : path
}

describe('import rule', () => {
  const pairs = files.flatMap(({ path, imports }) => imports.map(target => ({ path, target })))

  it('finds imports at all: static, dynamic, by alias', () => {
    expect(pairs.length).toBeGreaterThan(1000)
    expect(files.flatMap(({ text }) => [...text.matchAll(/import\(\s*'\./g)]).length).toBeGreaterThan(3)
    expect(pairs).toContainEqual(expect.objectContaining({ target: expect.stringMatching(/^bench\//) }))
  })

  it('knows the level of every room', () => {
    const outside = ['kernels', 'src/index.ts', 'src/webassembly.d.ts']
    const rooms = new Set(files.map(({ path }) => roomOf(path)))
    expect([...rooms].filter(room => !LEVEL.has(room) && !outside.includes(room))).toEqual([])
  })

  it('is the table of docs/architecture.md, room by room', () => {
    const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
    const table = text.slice(text.indexOf('## Rooms'), text.indexOf('## Objects'))
    const rooms = new Set(files.map(({ path }) => roomOf(path)))
    expect([...table.matchAll(/^\| `([^`]+)`/gm)].map(([, room]) => room)).toEqual(
      LEVELS.flat().filter(room => rooms.has(room)),
    )
  })

  it('goes downwards only', () => {
    // The command loads the benchmark by name, and threads their entries: neither is there for what is below.
    const allowed = new Set(['src/cli/commands/bench.ts -> bench/index.ts'])
    const wrong = pairs.filter(({ path, target }) => {
      const [from, to] = [roomOf(path), roomOf(target)]
      if (from === to || from === 'kernels' || from === 'src/index.ts') return false
      return !((LEVEL.get(to) ?? 99) < (LEVEL.get(from) ?? -1))
    })
    const said = wrong.map(({ path, target }) => `${path} -> ${target}`)
    expect(said.filter(edge => !allowed.has(edge))).toEqual([])
  })

  it('lets nobody import workers, and kernels nothing else', () => {
    expect(pairs.filter(({ target }) => roomOf(target) === 'workers')).toEqual([])
    expect(
      pairs.filter(({ path, target }) => roomOf(path) === 'kernels' && roomOf(target) !== 'kernels'),
    ).toEqual([])
  })

  it('lets what runs in the browser import only types from outside it', () => {
    const VALUES = /^(?:import|export) (?!type\b)[^'"]*from ['"](\.[^'"]+)['"]/gm
    const outside = files
      .filter(({ path }) => path.startsWith('src/web/page/'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(VALUES)].map(
          ([, to = '']) => `${path} -> ${relative(ROOT, resolve(ROOT, dirname(path), to))}`,
        ),
      )
    expect(outside.length).toBeGreaterThan(50)
    expect(outside.filter(edge => !/ -> src\/web\/page\//.test(edge))).toEqual([])
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
    const importers = files
      .filter(({ text }) => /\b(?:from|import\()\s*['"]h5wasm/.test(text))
      .map(({ path }) => path)
    expect(importers).toEqual(['src/hdf5/library.ts'])
  })

  it('lets nobody past the door of src/hdf5: what is outside cannot say whether the library answered', () => {
    // New files are made by `create`, which no library takes part in; benchmarks compare the readers by name.
    const open = /^src\/hdf5\/(index\.ts$|create\/)/
    const past = files.flatMap(({ path, imports }) =>
      path.startsWith('src/hdf5/') || path.startsWith('bench/')
        ? []
        : imports
            .filter(target => target.startsWith('src/hdf5/') && !open.test(target))
            .map(target => `${path} -> ${target}`),
    )
    expect(past).toEqual([])
  })

  // Node's own never returns where a file system refuses a name with ENOENT: src/files/folders.ts makes them level by level.
  it('makes no folders recursively', () => {
    const recursive = files.filter(({ text }) => /\bmkdir(?:Sync)?\([^)]*recursive/.test(text))
    expect(recursive.map(({ path }) => path)).toEqual([])
  })
})
