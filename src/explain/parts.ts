import { badPixelNames } from '../../constants/model/bad-pixels.js'
import { openData, openGain, openMask, type PlaneLookup } from '../corrections/open/interpret.js'
import type { PixelOperation } from '../corrections/open/operations.js'
import type { Explained } from '../corrections/open/readings.js'
import type { SampledFrame } from './read-frames.js'

/** Names of gain stages, by number; behind them what is none. */
const STAGES = ['high gain', 'medium gain', 'low gain', 'no gain stage'] as const

/** Names of the parts of a dataset that are told apart: gain stages, or bits of the mask. */
export function partNames(dataset: Explained): readonly string[] {
  if (dataset !== 'mask') return STAGES
  return Array.from({ length: 32 }, (_, bit) =>
    [`bit ${bit}`, ...badPixelNames(2 ** bit)].filter(name => !name.startsWith('BIT_')).join(' '),
  )
}

/** A frame's dataset as stored, and as operations make it; of each pixel the part it belongs to. */
export interface HeldAgainst {
  readonly stored: ArrayLike<number>
  readonly made: ArrayLike<number>
  /** Bits of both, where values are compared. */
  readonly bits: readonly [Uint32Array, Uint32Array] | undefined
  /** Absent for masks, whose parts are bits. */
  readonly stage: Uint8Array | undefined
}

/**
 * What operations make of a frame's dataset. Data and masks are those of pixels in the gain stages that are stored, so
 * that a dataset is explained whatever the one before it is.
 * @param earlier the operations that explain the data, for masks: `range` looks at values.
 */
export function heldAgainst(
  dataset: Explained,
  { raw, stored }: SampledFrame,
  operations: readonly PixelOperation[],
  planeOf: PlaneLookup,
  earlier = operations,
): HeldAgainst | undefined {
  const gain = stored.gain ?? openGain(operations, raw, planeOf)
  if (dataset === 'gain') {
    if (stored.gain === undefined) return undefined
    return {
      stored: stored.gain,
      made: openGain(operations, raw, planeOf),
      bits: undefined,
      stage: stored.gain,
    }
  }
  const { data, judged } = openData(dataset === 'data' ? operations : earlier, raw, gain, planeOf)
  if (dataset === 'data') {
    if (stored.data === undefined) return undefined
    const bits = [stored.data, data].map(
      ({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length),
    ) as [Uint32Array, Uint32Array]
    return { stored: stored.data, made: data, bits, stage: gain }
  }
  if (stored.mask === undefined) return undefined
  const mask = openMask(operations, raw, gain, judged, planeOf)
  return { stored: stored.mask, made: mask, bits: undefined, stage: undefined }
}

/** Adds to `counts`, one of each part, the pixels that differ. */
export function countDifferences({ stored, made, bits, stage }: HeldAgainst, counts: Float64Array): void {
  const [ours, theirs] = bits ?? [stored, made]
  for (let p = 0; p < ours.length; p++) {
    if (ours[p] === theirs[p]) continue
    if (stage) {
      const part = Math.min(stage[p] ?? 0, STAGES.length - 1)
      counts[part] = (counts[part] ?? 0) + 1
      continue
    }
    const differing = ((ours[p] ?? 0) ^ (theirs[p] ?? 0)) >>> 0
    for (let bit = 0; bit < 32; bit++) if ((differing >>> bit) & 1) counts[bit] = (counts[bit] ?? 0) + 1
  }
}
