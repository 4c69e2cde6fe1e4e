import { writeFileSync } from 'node:fs'
import type { AgipdParams } from '../../src/kits/agipd/params.js'
import { draw } from '../../src/simulator/model/random.js'
import type { SuiteOptions } from '../suite.js'

/** Pixels of an AGIPD module. */
export const PIXELS = 512 * 128
/** O0 M0 T0 T1 O1 M1 O2 M2. */
export const PLANES = 8
/** M0 among them. */
export const MASK_PLANE = 1
/** Frames of one cell that a kernel call corrects. */
export const TILE = 16
/** Bytes a pixel that the kernel cannot avoid: raw 4, data 4, gain 1, mask 4. */
export const KERNEL_BYTES = 13

/** The default chain. */
export const PARAMS: AgipdParams = {
  stage: 0,
  forceMgLimit: 1000,
  forceHgLimit: 1000,
  setMin: true,
  range: true,
  zeroNans: false,
  zeroOrange: false,
}

/** Frames and constants of some cells, made from a seed. Frame `cell · trains + train` belongs to `cell`. */
export interface Workload {
  readonly cells: number
  readonly trains: number
  readonly frames: number
  readonly pixels: number
  /** [cell][plane][pixel]; the f32 planes as bits. */
  readonly constants: Uint32Array
  /** [frame][signal, raw gain][pixel]. */
  readonly raw: Uint16Array
}

/** Planes of results of all frames, one behind the other. */
export interface Results {
  readonly data: Float32Array
  readonly gain: Uint8Array
  readonly mask: Uint32Array
}

/** Pixels in one of so many are bad, differently in each stage. */
const BAD = 1 / 64

/** Cells and trains of a working set of at least four times the cache, in whole tiles. */
export function sizeOf({ quick, cache }: Pick<SuiteOptions, 'quick' | 'cache'>): {
  cells: number
  trains: number
} {
  if (quick) return { cells: 2, trains: TILE }
  const cells = 16
  const tiles = Math.ceil((4 * cache) / (KERNEL_BYTES * PIXELS * TILE * cells))
  // Beyond 2 GB it would not fit a WebAssembly memory with its constants.
  return { cells, trains: TILE * Math.min(8, Math.max(1, tiles)) }
}

/**
 * A workload like a real one: offsets of a few thousand ADU with a fraction, noise, a few photons in every pixel, and
 * `switched` of the pixels of every frame, spread evenly, in medium or low gain.
 */
export function makeWorkload(cells: number, trains: number, switched: number, seed: number): Workload {
  const frames = cells * trains
  const workload: Workload = {
    cells,
    trains,
    frames,
    pixels: frames * PIXELS,
    constants: new Uint32Array(cells * PLANES * PIXELS),
    raw: new Uint16Array(frames * 2 * PIXELS),
  }
  for (let cell = 0; cell < cells; cell++) fillConstants(workload, cell, seed)
  for (let frame = 0; frame < frames; frame++) fillFrame(workload, frame, switched, seed)
  return workload
}

function fillConstants({ constants }: Workload, cell: number, seed: number): void {
  const first = cell * PLANES * PIXELS
  const floats = new Float32Array(constants.buffer)
  for (let p = 0; p < PIXELS; p++) {
    const bits = draw(seed, 2 * cell, p)
    const spread = (bits & 0xffff) / 65536
    const planes = [
      4400 + 400 * spread,
      0,
      6900 + 60 * spread,
      9100 + 60 * spread,
      7800 + 300 * spread,
      0,
      8100 + 300 * spread,
    ]
    for (const plane of [0, 2, 3, 4, 6]) floats[first + plane * PIXELS + p] = planes[plane] ?? 0
    for (const [stage, plane] of [1, 5, 7].entries())
      constants[first + plane * PIXELS + p] = badBits(draw(seed, 2 * cell + 1, 3 * p + stage))
  }
}

function badBits(bits: number): number {
  return (bits >>> 0) / 2 ** 32 < BAD ? 1 << (bits & 15) : 0
}

function fillFrame({ raw, trains }: Workload, frame: number, switched: number, seed: number): void {
  const cell = Math.floor(frame / trains)
  const signals = frame * 2 * PIXELS
  const limit = switched * 65536
  for (let p = 0; p < PIXELS; p++) {
    const spread = (draw(seed, 2 * cell, p) & 0xffff) / 65536
    const bits = draw(seed + 1, frame, p)
    const noise = (bits & 31) + ((bits >>> 5) & 31)
    const photons = (bits >>> 10) & 7
    const isSwitched = draw(seed + 2, frame, p) >>> 16 < limit
    // Three of four that switch stop in medium gain.
    const stage = !isSwitched ? 0 : (bits & 0x6000) !== 0 ? 1 : 2
    const [level = 0, rawGain = 0] = LEVELS[stage] ?? []
    raw[signals + p] = level + 300 * spread + 64 * photons + noise
    raw[signals + PIXELS + p] = rawGain + noise
  }
}

/** Signal and raw gain in ADU of a pixel in high, medium and low gain. */
const LEVELS = [
  [4400, 6400],
  [8300, 8400],
  [9400, 9900],
] as const

/** Writes constants and frames, one behind the other, for peers in other processes. */
export function shareWorkload({ constants, raw }: Workload, path: string): void {
  writeFileSync(path, constants)
  writeFileSync(path, raw, { flag: 'a' })
}

export function allocateResults({ pixels }: Workload): Results {
  return { data: new Float32Array(pixels), gain: new Uint8Array(pixels), mask: new Uint32Array(pixels) }
}
