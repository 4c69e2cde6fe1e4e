import { DEFAULT_PARAMS } from '../../src/device/default-params.js'
import { makeTrial, type Trial } from '../../src/device/trial.js'
import { LanePool } from '../../src/memory/lane-pool.js'
import { draw } from '../../src/simulator/model/random.js'

/** Frames of a cell that one call corrects, as in a run of files. */
export const TILE_FRAMES = 16

/** A plane of constants of ordinary values: `least` and the width above it; `bad`: a mask. */
type Ordinary = readonly [least: number, width: number] | 'bad'

const AGIPD: readonly Ordinary[] = [
  ...([[4400, 400], 'bad', [6900, 60], [9100, 60], [7800, 300], 'bad', [8100, 300], 'bad'] as const),
  // G0 X G1 G2 B1
  ...([
    [0.9, 0.2],
    [0.9, 0.2],
    [30, 5],
    [130, 20],
    [-20, 40],
  ] as const),
]
const LPD: readonly Ordinary[] = [
  ...([[700, 100], [0.9, 0.2], 'bad', [700, 100], [9, 2], 'bad', [700, 100], [90, 20], 'bad'] as const),
  // S0 S1
  ...([
    [4000, 50],
    [3000, 50],
  ] as const),
]
const PLANES: Readonly<Record<string, readonly Ordinary[]>> = {
  agipdAdaptive: AGIPD,
  agipdAdaptiveGain: AGIPD,
  lpd: LPD,
  lpdParallel: LPD,
  dssc: [[40, 20], 'bad'],
}

/** The chains that are measured on devices, by kernel. */
export const DEVICE_CHAINS: Readonly<Record<string, string>> = {
  agipdAdaptive: 'AGIPD, default chain',
  agipdAdaptiveGain: 'AGIPD, gain steps too',
  lpd: 'LPD, default chain',
  lpdParallel: 'LPD, parallel gain',
  dssc: 'DSSC, default chain',
}

/** One pixel in so many is bad, and one left high gain. */
const BAD = 64
const SWITCHED = 250

/** Frames like real ones, {@link TILE_FRAMES} of each cell, of modules of 65536 pixels. */
export function deviceWorkload(kernel: string, cells: number, seed: number): Trial {
  const pixels = 512 * 128
  const shape = { pixels, cells, frames: cells * TILE_FRAMES, seed }
  const trial = makeTrial(kernel, DEFAULT_PARAMS, shape, new LanePool())
  for (const [cell, words] of trial.constants.entries())
    for (const [n, ordinary] of (PLANES[kernel] ?? []).slice(0, words.length / pixels).entries())
      fillPlane(words.subarray(n * pixels, (n + 1) * pixels), ordinary, seed + 64 * cell + n)
  for (let i = 0; i < trial.raw.length; i++) trial.raw[i] = rawOf(kernel, i, pixels, seed)
  const frames = Array.from({ length: shape.frames }, (_, i) => i)
  return {
    ...trial,
    tile: {
      ...trial.tile,
      ...{ positions: frames, cells: frames.map(i => Math.floor(i / TILE_FRAMES)) },
    },
  }
}

/** Frames of one cell of it, from one on. */
export function tileOf({ tile, module }: Trial, first: number): Trial['tile'] {
  const { rawFrames } = module
  return {
    cell: tile.cells?.[first] ?? 0,
    positions: tile.positions.slice(first, first + TILE_FRAMES),
    offsets: tile.offsets.slice(first * rawFrames, (first + TILE_FRAMES) * rawFrames),
  }
}

function fillPlane(words: Uint32Array, ordinary: Ordinary, seed: number): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length)
  for (let p = 0; p < words.length; p++) {
    const bits = draw(seed, 1, p) >>> 0
    if (ordinary === 'bad') words[p] = bits % BAD === 0 ? 1 << (bits >>> 28) : 0
    else floats[p] = ordinary[0] + (ordinary[1] * bits) / 2 ** 32
  }
}

/** Raw number `i` of all frames. */
function rawOf(kernel: string, i: number, pixels: number, seed: number): number {
  const bits = draw(seed, 2, i) >>> 0
  const noise = (bits & 31) + ((bits >>> 5) & 63)
  const switched = (bits >>> 11) % SWITCHED === 0
  const low = bits >>> 30 === 0
  if (kernel === 'dssc') return 40 + (noise & 31)
  if (kernel === 'lpdParallel') return switched ? 4095 : 750 + noise
  if (kernel === 'lpd') return 750 + noise + (switched ? (low ? 0x2000 : 0x1000) : 0)
  const isGain = Math.floor(i / pixels) % 2 === 1
  if (isGain) return (switched ? (low ? 9900 : 8400) : 6400) + noise
  return 4500 + 8 * noise
}
