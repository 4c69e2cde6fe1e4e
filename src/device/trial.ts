import type { DevicePlane } from '../../kernels/gpu/index.js'
import { DEVICE_KERNELS } from '../../kernels/gpu/index.js'
import type { ModuleCorrection } from '../engine/contract/block-task.js'
import type { SlotTile } from '../engine/contract/corrector.js'
import { SlotViews } from '../engine/contract/slot-views.js'
import { type AgipdParams, agipdWords } from '../kits/agipd/params.js'
import type { Lane } from '../memory/lane.js'
import { laneLayout } from '../memory/lane-layout.js'
import type { LanePool } from '../memory/lane-pool.js'
import { writeParams } from '../wasm/kernels.js'
import { REFERENCES } from './reference-of.js'

/** Frames whose correction by a kernel is known: constants and raw numbers drawn from a seed, all that is unusual among them. */
export interface Trial {
  /** Lent; give it back when the trial is over. */
  readonly lane: Lane
  readonly module: ModuleCorrection
  readonly slot: SlotViews
  readonly tile: SlotTile
  readonly params: AgipdParams
  /** Words of each cell's planes. */
  readonly constants: readonly Uint32Array[]
  readonly raw: Uint16Array
}

export interface TrialShape {
  readonly pixels: number
  readonly cells: number
  readonly frames: number
  readonly seed: number
}

/** Where a result of one pixel differs from the definition. */
export interface WrongBit {
  readonly frame: number
  readonly pixel: number
  readonly what: 'data' | 'gain' | 'mask'
  readonly expected: number
  readonly found: number
}

/** Lays out a lane and fills it. Cells of the frames take turns. */
export function makeTrial(kernel: string, params: AgipdParams, shape: TrialShape, lanes: LanePool): Trial {
  const { pixels, cells, frames, seed } = shape
  const planes = DEVICE_KERNELS[kernel]?.planes ?? []
  const rawFrames = kernel === 'lpdParallel' ? 3 : 1
  const rawPlanes = kernel.startsWith('agipd') ? 2 : rawFrames
  const layout = laneLayout({
    ...{ pixels, cells, planes: planes.length, rawFrameBytes: 2 * rawPlanes * pixels },
    ...{ slotRawFrames: frames, slotFrames: frames, slots: 1 },
  })
  const [lane] = lanes.lend(1, layout)
  if (lane === undefined) throw new Error('there is no lane')
  const { handle } = lane
  const slot = new SlotViews(handle, 0)
  writeParams(handle.memory.buffer, layout.params, pixels, agipdWords(params))
  const draw = drawing(seed)
  const constants = Array.from({ length: cells }, (_, cell) => {
    const at = layout.constants + cell * layout.cellBytes
    const words = new Uint32Array(handle.memory.buffer, at, planes.length * pixels)
    for (const [n, plane] of planes.entries())
      for (let p = 0; p < pixels; p++) words[n * pixels + p] = constantOf(plane, n, kernel, draw)
    return words
  })
  const raw = new Uint16Array(slot.raw.buffer, slot.raw.byteOffset, slot.raw.length / 2)
  for (let i = 0; i < raw.length; i++) raw[i] = rawOf(kernel, draw)
  const all = Array.from({ length: frames }, (_, i) => i)
  const bytes = layout.rawFrameBytes / rawFrames
  const offsets = Float64Array.from({ length: frames * rawFrames }, (_, i) => i * bytes)
  return {
    ...{ lane, slot, params, constants, raw },
    module: { module: 0, kernel, planes: planes.length, rawFrames },
    // Results are where nothing would put them by itself.
    tile: { cell: 0, cells: all.map(i => i % cells), positions: all.toReversed(), offsets },
  }
}

/** The first difference between what is in the slot and the definition; undefined: there is none. */
export function firstDifference({ module, slot, tile, params, constants, raw }: Trial): WrongBit | undefined {
  const { pixels, rawFrameBytes } = slot.layout
  const reference = REFERENCES[module.kernel]
  if (reference === undefined) throw new Error(`there is no definition of ${module.kernel}`)
  const [data, gain, mask] = [new Float32Array(pixels), new Uint8Array(pixels), new Uint32Array(pixels)]
  const words = new Uint32Array(data.buffer)
  const length = rawFrameBytes / 2
  for (const [frame, position] of tile.positions.entries()) {
    const planes = constants[tile.cells?.[frame] ?? tile.cell] ?? new Uint32Array()
    const own = raw.slice(frame * length, (frame + 1) * length)
    reference(params, planes.slice(), { raw: own, data, gain, mask })
    const found = [wordsOf(slot.data(position)), slot.gain(position), wordsOf(slot.mask(position))] as const
    for (const [i, expected] of [words, gain, mask].entries())
      for (let pixel = 0; pixel < pixels; pixel++)
        if (expected[pixel] !== found[i]?.[pixel])
          return {
            ...{ frame, pixel, what: WHAT[i] ?? 'data' },
            ...{ expected: expected[pixel] ?? 0, found: found[i]?.[pixel] ?? 0 },
          }
  }
  return undefined
}

const WHAT = ['data', 'gain', 'mask'] as const

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4)
}

type Draw = () => number

/** Uniform in [0, 1), the same for the same seed (Marsaglia's xorshift). */
function drawing(seed: number): Draw {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const one = <T>(of: readonly T[], draw: Draw): T => of[Math.floor(draw() * of.length)] as T

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 2 ** -24, -(2 ** -24), 1e7, -1e7, 10000001, 3.4e38, -3.4e38]
/** What only an offset may be that no product is made of. */
const SMALL = [1e-42, -1e-42, 1.1e-38, -1.2e-38, 1e-30, 2 ** -25, -(2 ** -30)]
const BITS = [0x80000000, 0xffffffff, 1 << 11, 1 << 21, 0x7fc00000, 0x00000001]
const THRESHOLDS = [-1, -0, 0, 1e-42, 0.5, 4095, 65534.5, 65535, 65536, 1e9, NaN, Infinity, -Infinity]
/** NaNs and infinities that no calculation makes. */
const WORDS = [0xffc00001, 0x7f800001, 0xff800000]

const float = new Float32Array(1)
const floatBits = new Uint32Array(float.buffer)
function bitsOf(value: number): number {
  float[0] = value
  return floatBits[0] ?? 0
}

function constantOf(plane: DevicePlane, n: number, kernel: string, draw: Draw): number {
  const offset = n === 0 || (kernel === 'agipdAdaptive' && n % 2 === 0)
  if (plane === 'word' && !offset) return draw() < 0.6 ? 0 : draw() < 0.5 ? one(BITS, draw) : draw() * 2 ** 32
  if (plane === 'above' || plane === 'from')
    return bitsOf(
      draw() < 0.15 ? one(THRESHOLDS, draw) : plane === 'above' ? 4000 + 5000 * draw() : 4095 * draw(),
    )
  if (plane === 'word' && draw() < 0.06) return bitsOf(one(SMALL, draw))
  const kind = draw()
  if (kind < 0.04) return bitsOf(one(SPECIAL, draw))
  if (kind < 0.06) return one(WORDS, draw)
  const factor = kernel.startsWith('lpd') ? n % 3 === 1 : n >= 8 || (n >= 2 && kernel === 'agipdFixedGain')
  return bitsOf(factor ? 200 * draw() - 5 : 2000 + 7000 * draw())
}

function rawOf(kernel: string, draw: Draw): number {
  const kind = draw()
  if (kind < 0.1) return one([0, 1, 256, 4095, 65535], draw)
  if (kind < 0.3 || kernel.startsWith('lpd')) return draw() * 65536
  return 2000 + 8000 * draw()
}
