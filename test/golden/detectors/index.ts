import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { GoldenConstant } from '../run/index.js'

/** Golden runs beside AGIPD's; `make_runs.py` wrote them. */
export const GOLDEN_RUNS = ['lpd', 'lpd-parallel', 'dssc'] as const
export type GoldenRunName = (typeof GOLDEN_RUNS)[number]

/** What must come of one. */
export interface ExpectedRun {
  readonly karaboId: string
  readonly aggregator: string
  readonly constants: readonly GoldenConstant[]
  /** Operating conditions that the run itself tells. */
  readonly conditions: Readonly<Record<string, number | string>>
  readonly modules: Readonly<
    Record<
      string,
      readonly {
        readonly sequence: number
        readonly trains: readonly number[]
        readonly counts: readonly number[]
        readonly pulseIds: readonly number[]
        readonly cellIds: readonly number[]
        /** sha256 of data (f4), gain (u1) and mask (u4) of each frame. */
        readonly frames: readonly (readonly [string, string, string])[]
      }[]
    >
  >
}

/** Unpacks a golden run into `folder`: RAW files in `raw/r0001`, constants in `constants`. */
export function unpackDetectorRun(
  name: GoldenRunName,
  folder: string,
): ExpectedRun & { readonly path: string } {
  const files = join(import.meta.dirname, 'files', name)
  for (const file of readdirSync(files, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.gz')) continue
    const target = join(folder, file.slice(0, -'.gz'.length))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, gunzipSync(readFileSync(join(files, file))))
  }
  const expected = JSON.parse(readFileSync(join(files, 'expected.json'), 'utf8')) as ExpectedRun
  return { ...expected, path: join(folder, 'raw', 'r0001') }
}
