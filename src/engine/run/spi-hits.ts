import { median } from '../../model/median.js'

/** What hits are found by; arrays are by frame of the whole detector, train after train. */
export interface HitRequest {
  /** Frames of each train. */
  readonly trains: readonly { readonly trainId: number; readonly frames: number }[]
  /** Score of each frame; NaN: it has none. */
  readonly scores: Float64Array
  /** Misses that are drawn for each hit. */
  readonly missRatio: number
}

/** Hits of a run. */
export interface Hits {
  readonly hit: Uint8Array
  readonly miss: Uint8Array
  /** By train: median and width of the scores that its threshold is made of; NaN where there are none. */
  readonly mu: Float64Array
  readonly sig: Float64Array
}

/** Scores that a threshold is made of, if there are so many. */
const ENOUGH = 100
/** Standard deviations of a normal distribution from its first to its third quartile. */
const QUARTILES = 1.34896
/** Widths above the median from which on a score is a hit. */
const WIDTHS = 4

/**
 * Scores of frames: share of lit pixels among those that are not masked, times all pixels, which makes frames with few
 * modules comparable. NaN where nothing is unmasked.
 */
export function hitScores(lit: ArrayLike<number>, unmasked: ArrayLike<number>, pixels: number): Float64Array {
  return Float64Array.from(lit, (count, i) => {
    const all = unmasked[i] ?? 0
    return all === 0 ? Number.NaN : (count / all) * pixels
  })
}

/**
 * Scores over the energy of their pulse relative to the median of the energies around it: a brighter pulse lights more
 * pixels of the same particle. Frames without an energy keep their score.
 */
export function scaledScores(
  { trains, scores }: Omit<HitRequest, 'missRatio'>,
  energies: Float32Array,
): Float64Array {
  const lit = Float64Array.from(energies, energy => (energy > 0 ? energy : Number.NaN))
  const scaled = Float64Array.from(scores)
  for (const { first, end, around } of windows(trains, lit)) {
    const typical = median(around)
    for (let i = first; i < end; i++) {
      const energy = lit[i] ?? Number.NaN
      if (energy > 0) scaled[i] = (scores[i] ?? Number.NaN) / (energy / typical)
    }
  }
  return scaled
}

/**
 * Frames whose score is more than four widths above the median, both of their train's scores or of at least a hundred around
 * it; and misses drawn among the others, the same for the same first train.
 */
export function findHits({ trains, scores, missRatio }: HitRequest): Hits {
  const hit = new Uint8Array(scores.length)
  const mu = new Float64Array(trains.length).fill(Number.NaN)
  const sig = new Float64Array(trains.length).fill(Number.NaN)
  for (const [train, { first, end, around }] of windows(trains, scores).entries()) {
    if (around.length === 0) continue
    const sorted = around.sort((a, b) => a - b)
    mu[train] = quantile(sorted, 0.5)
    sig[train] = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / QUARTILES
    const threshold = (mu[train] ?? 0) + WIDTHS * (sig[train] ?? 0)
    for (let i = first; i < end; i++) hit[i] = Number((scores[i] ?? Number.NaN) > threshold)
  }
  const others = [...scores.keys()].filter(i => hit[i] === 0 && Number.isFinite(scores[i]))
  const hits = hit.reduce((sum, flag) => sum + flag, 0)
  const miss = new Uint8Array(scores.length)
  for (const i of drawn(others, Math.round(missRatio * hits), trains[0]?.trainId ?? 0)) miss[i] = 1
  return { hit, miss, mu, sig }
}

/** Frames `first` … `end` − 1 of each train, and the finite values that it is compared with. */
function windows(
  trains: HitRequest['trains'],
  values: Float64Array,
): { first: number; end: number; around: number[] }[] {
  const ends: number[] = []
  for (const { frames } of trains) ends.push((ends.at(-1) ?? 0) + frames)
  const finite = trains.map(({ frames }, train) =>
    [...values.subarray((ends[train] ?? 0) - frames, ends[train])].filter(Number.isFinite),
  )
  return trains.map(({ frames }, train) => {
    const around = [...(finite[train] ?? [])]
    for (let far = 1; around.length < ENOUGH && far < trains.length; far++)
      around.push(...(finite[train - far] ?? []), ...(finite[train + far] ?? []))
    return { first: (ends[train] ?? 0) - frames, end: ends[train] ?? 0, around }
  })
}

/** As `numpy.quantile`: linear between neighbours. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

/** `count` of `items`, or all of them, without regard to order. */
function drawn(items: readonly number[], count: number, seed: number): number[] {
  const left = [...items]
  const next = randomOf(seed)
  return Array.from({ length: Math.min(count, items.length) }, () => {
    const at = Math.floor(next() * left.length)
    const chosen = left[at] ?? 0
    left[at] = left.at(-1) ?? 0
    left.pop()
    return chosen
  })
}

/** Numbers from 0 to 1: mulberry32, by Tommy Ettinger, in the public domain. */
function randomOf(seed: number): () => number {
  let state = (seed % 2 ** 32) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
