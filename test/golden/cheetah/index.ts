import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))

/** What `make_cheetah.py` recorded: what becomes of one module of the golden run with the constants beside it. */
export interface ExpectedCheetah {
  readonly module: number
  /** The steps that do what Cheetah does. */
  readonly steps: readonly string[]
  /** For each sequence file, sha256 of data (f4), gain (u1) and mask (u4) of each frame. */
  readonly files: readonly (readonly (readonly [string, string, string])[])[]
}

export const EXPECTED_CHEETAH = JSON.parse(
  readFileSync(join(here, 'expected.json'), 'utf8'),
) as ExpectedCheetah

/** Unpacks the file that h5py wrote as `name` in `folder`. @returns its path. */
export function unpackCheetah(folder: string, name = 'Cheetah-AGIPD00-calib.h5'): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(path, gunzipSync(readFileSync(join(here, 'cheetah.h5.gz'))))
  return path
}
