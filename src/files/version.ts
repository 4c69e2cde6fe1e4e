import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'

/** Hexadecimal digits of a build's hash that are shown: enough that different builds never share them by accident. */
const DIGITS = 16

/**
 * Which build this is, `0.1.0+3f2a9c04d71e5b86`: the version of package.json, and the SHA-256 of the code itself, begun.
 * @throws Error if there is no build.
 */
export function buildVersion(): string {
  known ??= versionOf(dirname(createRequire(import.meta.url).resolve('#package')))
  return known
}
let known: string | undefined

/** {@link buildVersion} of the package in the folder `root`. */
export function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return `${version}+${contentHash(join(root, 'dist')).slice(0, DIGITS)}`
}

/**
 * What results are made by: as it lies there now, since a number that is kept beside the code is one that somebody
 * forgets to change. Folder and times are of no account: the same sources give the same hash wherever they are built.
 */
function contentHash(dist: string): string {
  const hash = createHash('sha256')
  for (const file of codeIn(dist)) {
    const bytes = readFileSync(join(dist, file))
    hash.update(`${file} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}

/** The command, its chunks and threads, with the HDF5 library in them, and the kernels. */
function codeIn(dist: string): string[] {
  const files = ['chunks', 'kernels', 'workers'].flatMap(folder =>
    readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
  )
  return ['src/cli/main.js', ...files.map(file => file.split(sep).join('/'))]
    .filter(file => /\.c?js$|^kernels\/.*\.wasm$/.test(file))
    .sort()
}

/** Who made a file: `detcal 0.1.0+3f2a9c04d71e5b86`. */
export function software(): string {
  return `detcal ${buildVersion()}`
}
