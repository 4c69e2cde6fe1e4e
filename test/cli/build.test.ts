import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { versionOf } from '../../src/files/version.js'
import { scratch } from '../helpers/exdf.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of what is built, with the same libraries. */
function copyOfBuild(): string {
  const root = scratch()
  const filter = (path: string) => !path.endsWith('.map')
  for (const part of ['chunks', 'kernels', 'workers', 'src/cli/main.js'])
    cpSync(join(ROOT, 'dist', part), join(root, 'dist', part), { recursive: true, filter })
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return root
}

/** Edits the one file of a folder of a build that has `from` in it: which chunk has what is the bundler's affair. */
function edit(root: string, folder: string, from: string, to: string): void {
  const files = readdirSync(join(root, 'dist', folder), { withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ name }) => join(root, 'dist', folder, name))
  const having = files.filter(path => readFileSync(path, 'latin1').includes(from))
  expect(having, from).toHaveLength(1)
  const [path = ''] = having
  const text = readFileSync(path, 'latin1')
  writeFileSync(
    path,
    text.replace(from, () => to),
    'latin1',
  )
}

/** The packages that the code of a build imports. */
function librariesOf(root: string): string[] {
  const code = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.c?js$/.test(name))
    .map(name => readFileSync(join(root, 'dist', name), 'utf8'))
  const imports =
    /^(?:import|export) (?:[^'"\n]*from )?['"](.+)['"];?$|\b(?:import|require)\(['"]([^'"]+)['"]\)/gm
  const names = code
    .flatMap(text => [...text.matchAll(imports)].map(([, from, called]) => from ?? called ?? ''))
    .filter(name => !/^[./#]/.test(name) && !isBuiltin(name))
    .map(name => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
  return [...new Set(names)]
}

function run(root: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/src/cli/main.js'), ...args],
    {
      encoding: 'utf8',
    },
  )
  expect(status, stderr).toBe(0)
  return stdout
}

describe('which build it is', () => {
  test('is told by its content, not by its place or times', () => {
    const here = versionOf(ROOT)
    expect(here).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{16}$/)
    expect(versionOf(copyOfBuild())).toBe(here)
    expect(run(ROOT, '--version')).toBe(`${here}\n`)
  })

  test.each([
    ['a formula', 'chunks/threads', 'Math.fround(sigmas', 'Math.fround(2 * sigmas'],
    ['a recipe', 'chunks/command', 'gainSeparation: 5', 'gainSeparation: 6'],
    ['a kernel', 'kernels', '\0', '\x01'],
  ])('changes with %s', (_, file, from, to) => {
    const root = copyOfBuild()
    edit(root, file, from, to)
    expect(versionOf(root)).not.toBe(versionOf(ROOT))
  })

  test('changes with a file that comes, goes or is named otherwise', () => {
    const root = copyOfBuild()
    const kernels = join(root, 'dist/kernels')
    renameSync(join(kernels, 'detcal.wasm'), join(kernels, 'other.wasm'))
    const renamed = versionOf(root)
    writeFileSync(join(kernels, 'detcal.wasm'), '')
    expect(new Set([versionOf(ROOT), renamed, versionOf(root)]).size).toBe(3)
  })

  test('is the same in what npm packs, which imports what package.json names', () => {
    const folder = scratch()
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
    const [tarball = ''] = readdirSync(folder)
    execFileSync('tar', ['-xzf', tarball], { cwd: folder })
    const root = join(folder, 'package')
    expect(versionOf(root)).toBe(versionOf(ROOT))
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as {
      dependencies: Record<string, string>
      peerDependencies: Record<string, string>
    }
    // gpu.js is a peer in the benchmarks, which do without it.
    const libraries = librariesOf(root)
    expect(libraries).toContain('piscina')
    expect(libraries.filter(name => !(name in dependencies || name in peerDependencies))).toEqual(['gpu.js'])
  })

  test('is the same for the same sources in another folder, whatever an earlier build left there', () => {
    const root = scratch()
    for (const name of [
      'bench',
      'constants',
      'kernels',
      'src',
      'workers',
      'LICENSE',
      'package.json',
      'tsconfig.json',
      'rolldown.config.mjs',
    ])
      cpSync(join(ROOT, name), join(root, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    mkdirSync(join(root, 'dist/chunks'), { recursive: true })
    mkdirSync(join(root, 'dist/workers'))
    writeFileSync(join(root, 'dist/chunks/old.js'), '')
    writeFileSync(join(root, 'dist/workers/old.cjs'), '')
    execFileSync('npm', ['run', '-s', 'build'], { cwd: root })
    expect(versionOf(root)).toBe(versionOf(ROOT))
  }, 120_000)
})

test('a pack that another formula made is refused, and all that is made says who made it', () => {
  const folder = scratch()
  const catalogue = join(folder, 'catalogue')
  const simulation = ['simulate', folder, '--detector', 'agipd1m', '--modules', '3', '--catalogue', catalogue]
  run(ROOT, ...simulation, '--cells', '16', '--trains', '20')
  const correct = (root: string, out: string) => {
    const args = ['correct', join(folder, 'raw/r0001'), '--out', join(folder, out), '--catalogue', catalogue]
    const options = ['--constants-cache', join(folder, 'cache'), '--json', '--no-sync']
    return JSON.parse(run(root, ...args, ...options)) as {
      software: string
      constantsCache: { read: number[]; kept: number[] }
      metadata: string
    }
  }
  expect(correct(ROOT, 'a').constantsCache).toMatchObject({ read: [], kept: [3] })
  const again = correct(ROOT, 'b')
  expect(again.constantsCache).toMatchObject({ read: [3], kept: [] })
  const edited = copyOfBuild()
  edit(edited, 'chunks/threads', 'Math.fround(1.05)', 'Math.fround(1.06)')
  const other = correct(edited, 'c')
  expect(other.constantsCache).toMatchObject({ read: [], kept: [3] })
  // And the first build still has its own.
  expect(correct(ROOT, 'd').constantsCache).toMatchObject({ read: [3] })

  for (const [root, { software, metadata }] of [
    [ROOT, again],
    [edited, other],
  ] as const) {
    expect(software).toBe(`detcal ${versionOf(root)}`)
    expect(parse(readFileSync(metadata, 'utf8'))['detcal-version']).toBe(software)
  }
  expect(again.software).not.toBe(other.software)
}, 120_000)
