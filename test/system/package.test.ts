import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { versionOf } from '../../src/files/version.js'
import { SOFTWARE_DEVICE } from './device/swiftshader.js'

// What `npm pack` makes, installed as a user would: with the libraries that package.json names, from the registry.
const ROOT = resolve(import.meta.dirname, '../..')

let folder: string
let prefix: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-package-'))
  prefix = join(folder, 'prefix')
  // The build is the global setup's.
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
  const [tarball = ''] = readdirSync(folder)
  const options = ['--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...options, join(folder, tarball)], { cwd: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the installed command, found by its name, in a folder of its own. */
function detcal(...args: string[]): string {
  const { status, stdout, stderr } = started({}, ...args)
  expect(status, stderr).toBe(0)
  return stdout
}

function started(more: Readonly<Record<string, string>>, ...args: string[]) {
  const cwd = join(folder, 'elsewhere')
  mkdirSync(cwd, { recursive: true })
  const env = {
    ...process.env,
    PATH: `${join(prefix, 'bin')}:${process.env['PATH']}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...more,
  }
  return spawnSync('detcal', args, { cwd, env, encoding: 'utf8' })
}

describe('the installed command', () => {
  test('has no library that only development needs', () => {
    const libraries = join(prefix, 'lib/node_modules/detcal/node_modules')
    expect(existsSync(join(libraries, 'piscina'))).toBe(true)
    for (const name of [
      'typescript',
      'gpu.js',
      'webgpu',
      'vitest',
      'rolldown',
      'assemblyscript',
      'react',
      '@h5web/lib',
    ])
      expect(existsSync(join(libraries, name)), name).toBe(false)
  })

  test('says what to install for a GPU, and finds it beside itself', () => {
    const { status, stdout } = started({}, 'devices')
    expect(status).toBe(1)
    expect(stdout).toContain('the package webgpu is not installed. Run npm install webgpu@')
    // As `npm install --global webgpu` leaves it.
    const library = join(prefix, 'lib/node_modules/webgpu')
    symlinkSync(join(ROOT, 'node_modules/webgpu'), library)
    expect(started(SOFTWARE_DEVICE, 'devices').stdout).toMatch(/self-test: 7 kernels give the bits/)
    rmSync(library)
  })

  test('has the page, with what it is made of', () => {
    const page = readdirSync(join(prefix, 'lib/node_modules/detcal/dist/web')).sort()
    expect(page).toEqual(['THIRD-PARTY.txt', 'index.html', 'jobs', 'page.css', 'page.js'])
  })

  test('is the build that was packed', () => {
    expect(detcal('--version')).toBe(`${versionOf(ROOT)}\n`)
    expect(detcal('--help')).toContain('detcal correct')
  })

  test('simulates, corrects and validates, wherever it is called', () => {
    const size = ['--modules', '3', '--cells', '4', '--trains', '2']
    detcal('simulate', 'run', '--detector', 'agipd1m', ...size, '--catalogue', 'catalogue')
    const options = ['--out', 'proc', '--combined', 'run.cxi', '--catalogue', 'catalogue', '--json']
    const report = JSON.parse(detcal('correct', 'run/raw/r0001', ...options)) as { software: string }
    expect(report.software).toBe(`detcal ${versionOf(ROOT)}`)
    expect(readdirSync(join(folder, 'elsewhere/proc')).sort()).toEqual([
      'CORR-R0001-AGIPD03-S00000.h5',
      'calibration_metadata_SPB_DET_AGIPD1M-1.yml',
    ])
    detcal('inspect', 'run/raw/r0001')
    detcal('validate', 'proc')
    detcal('constants', 'list', '--catalogue', 'catalogue')
  })

  test('measures its kernels without the peer that it has not', () => {
    const { status, stdout, stderr } = spawnSync(
      join(prefix, 'bin/detcal'),
      ['bench', 'kernels', '--quick', '--rounds', '1', '--workers', '1', '--scratch', join(folder, 'bench')],
      { encoding: 'utf8' },
    )
    expect(status, stderr).toBe(0)
    expect(stderr).toContain('gpu.js is left out: it is not installed')
    expect(stdout).toMatch(/^detcal reference +\d/m)
    expect(stdout).not.toMatch(/^gpu\.js/m)
  })
})

test('a clone that was never built gives a package with the command in it, as an install from git does', () => {
  const clone = join(folder, 'clone')
  execFileSync('git', ['clone', '--quiet', ROOT, clone])
  // npm installs what development needs, from the registry, and builds.
  const made = execFileSync('npm', ['pack', '--silent', '--prefer-offline', `git+file://${clone}`], {
    cwd: mkdtempSync(join(folder, 'packed-')),
    encoding: 'utf8',
  })
  expect(made.trim()).toMatch(/^detcal-.*\.tgz$/)
  const [packed = ''] = readdirSync(folder).filter(name => name.startsWith('packed-'))
  const files = execFileSync('tar', ['-tzf', join(folder, packed, made.trim())], { encoding: 'utf8' }).split(
    '\n',
  )
  for (const file of ['dist/src/cli/main.js', 'dist/src/index.js', 'dist/kernels/detcal.wasm'])
    expect(files).toContain(`package/${file}`)
})
