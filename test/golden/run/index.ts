import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/**
 * Names of the expected chains: the default; with each of the gain steps alone and together (`gain` is all three); in fixed
 * gain; with other bad-pixel maps than those of its steps.
 */
export const GOLDEN_CHAINS = [
  ...['default', 'relative', 'baseline', 'relative-baseline'],
  ...['xray', 'relative-xray', 'baseline-xray', 'gain'],
  ...['high', 'medium-gain', 'dark-map', 'other-maps', 'every-map'],
] as const
export type GoldenChain = (typeof GOLDEN_CHAINS)[number]

/** One CORR file of a module as it must come out: frames train by train in stored order. */
export interface GoldenFile {
  readonly sequence: number
  readonly trains: readonly number[]
  readonly counts: readonly number[]
  readonly flags: readonly number[]
  readonly pulseIds: readonly number[]
  readonly cellIds: readonly number[]
  /** sha256 of data (f4), gain (u1) and mask (u4) of each frame. */
  readonly frames: Readonly<Record<GoldenChain, readonly (readonly [string, string, string])[]>>
}

/** `file` is below the folder of the run, `begin` in seconds since 1970. */
export interface GoldenConstant {
  readonly module: number
  readonly pdu: string
  readonly file: string
  readonly begin: number
}

/** Steps to add to the default chain, the gain mode, and the bad-pixel maps of the mask. */
export interface ChainOfRun {
  readonly steps: readonly string[]
  readonly gainMode: string
  /** Whether the maps are to be asked for; else they come with the steps. */
  readonly mapsAsked: boolean
  readonly maskMaps: readonly string[]
}

/** What `make_run.py` wrote down beside the files. */
export interface GoldenRun {
  readonly karaboId: string
  readonly trainIds: readonly number[]
  readonly chains: Readonly<Record<GoldenChain, ChainOfRun>>
  readonly constants: readonly GoldenConstant[]
  readonly modules: Readonly<Record<string, readonly GoldenFile[]>>
}

const FILES = join(dirname(fileURLToPath(import.meta.url)), 'files')

/** Unpacks the golden run into `folder`: RAW files in `raw/r0001`, constants in `constants`. */
export function unpackGoldenRun(folder: string): GoldenRun & { readonly path: string } {
  for (const name of readdirSync(FILES, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.gz')) continue
    const target = join(folder, name.slice(0, -'.gz'.length))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, gunzipSync(readFileSync(join(FILES, name))))
  }
  return { ...readGolden(FILES), path: join(folder, 'raw', 'r0001') }
}

/** The expectations in `folder`, of the committed run or of one that `make_run.py --random` wrote. */
export function readGolden(folder: string): GoldenRun {
  return JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as GoldenRun
}
