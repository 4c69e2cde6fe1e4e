import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { PlaneRecipe } from '../../../src/corrections/planes.js'

const here = fileURLToPath(new URL('.', import.meta.url))

export const GOLDEN_FILES = [
  'contiguous',
  'chunked',
  'image-order',
  'fallback',
  'huge',
  'huge-fallback',
] as const

/** What `make_unreadable.py` wrote. */
export const UNREADABLE_FILES = [
  'big-endian',
  'half',
  'boolean',
  'complex',
  'lzf',
  'foreign-filter',
  'damaged-chunk',
] as const

export type GoldenFile = (typeof GOLDEN_FILES)[number]

/** What `make_constants.py` recorded beside its files. */
export interface Expected {
  readonly pdu: string
  readonly median: number
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly files: Readonly<Record<string, GoldenFile>>
        readonly cells: readonly number[]
        readonly recipes: readonly PlaneRecipe[]
        readonly sha256: string
      }
    >
  >
}

export const EXPECTED = JSON.parse(readFileSync(join(here, 'expected.json'), 'utf8')) as Expected

/** Unpacks the files that h5py wrote into `folder`, by name with `.h5`. */
export function unpackGoldenConstants(folder: string): Record<GoldenFile, string> {
  return unpack(GOLDEN_FILES, folder)
}

/** Likewise the files that a correction may be unable to read. */
export function unpackUnreadable(folder: string): Record<(typeof UNREADABLE_FILES)[number], string> {
  return unpack(UNREADABLE_FILES, folder)
}

function unpack<Name extends string>(names: readonly Name[], folder: string): Record<Name, string> {
  mkdirSync(folder, { recursive: true })
  const paths = names.map(name => {
    const path = join(folder, `${name}.h5`)
    writeFileSync(path, gunzipSync(readFileSync(join(here, `${name}.h5.gz`))))
    return [name, path] as const
  })
  return Object.fromEntries(paths) as Record<Name, string>
}
