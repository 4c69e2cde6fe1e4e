import { quantiles } from './model/gauss.js'

/**
 * Poisson numbers by inversion from tables, for means on a logarithmic grid.
 *
 * A mean is given by its class: class 0 is 0 (never a photon), class k is 2^((k − 1)/64 − 10). The grid is finer
 * than 1.1 %, and scaling all means of a frame is adding to their classes.
 */
const CLASSES_PER_OCTAVE = 64
const SMALLEST_LOG2 = -10
/** Up to here by inversion, above by a normal deviate. */
const LARGEST_INVERTED_LOG2 = 5
const LARGEST_LOG2 = 13
const INVERTED = (LARGEST_INVERTED_LOG2 - SMALLEST_LOG2) * CLASSES_PER_OCTAVE + 2
const CLASSES = (LARGEST_LOG2 - SMALLEST_LOG2) * CLASSES_PER_OCTAVE + 2
/** Entries of one table: beyond them the probability is below 2^-32 for every inverted mean. */
const ENTRIES = 96

/** The class whose mean is nearest to `mean` in ratio; 0 below half the smallest. */
export function poissonClass(mean: number): number {
  if (!(mean > 2 ** (SMALLEST_LOG2 - 1))) return 0
  const position = Math.round((Math.log2(mean) - SMALLEST_LOG2) * CLASSES_PER_OCTAVE) + 1
  return Math.min(Math.max(position, 1), CLASSES - 1)
}

/** The mean a class stands for. */
export function poissonMean(poissonClass: number): number {
  return poissonClass <= 0 ? 0 : 2 ** ((poissonClass - 1) / CLASSES_PER_OCTAVE + SMALLEST_LOG2)
}

/** Classes by which a mean scaled by `factor` moves. */
export function classShift(factor: number): number {
  return Math.round(Math.log2(factor) * CLASSES_PER_OCTAVE)
}

/** P(N ≤ k) as a u32 fraction of 2^32, `ENTRIES` a class. */
const CUMULATIVE = cumulativeTable()

/**
 * The Poisson number that 32 random bits give for the mean of a class (outside the grid: of its end; a class of 0
 * or below: none).
 */
export function poisson(poissonClass: number, bits: number): number {
  if (poissonClass <= 0) return 0
  if (poissonClass >= INVERTED) {
    const mean = poissonMean(Math.min(poissonClass, CLASSES - 1))
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * (quantiles()[bits >>> 16] ?? 0)))
  }
  const u = bits >>> 0
  const row = poissonClass * ENTRIES
  // Half-way down first: a search from 0 would be long for means above 8.
  let k = u >= (CUMULATIVE[row + 16] ?? 0) ? 17 : 0
  while (k < ENTRIES - 1 && u >= (CUMULATIVE[row + k] ?? 0)) k++
  return k
}

function cumulativeTable(): Float64Array {
  const table = new Float64Array(INVERTED * ENTRIES)
  for (let c = 1; c < INVERTED; c++) {
    const mean = poissonMean(c)
    let probability = Math.exp(-mean)
    let sum = 0
    for (let k = 0; k < ENTRIES; k++) {
      sum += probability
      table[c * ENTRIES + k] = Math.min(1, sum) * 2 ** 32
      probability *= mean / (k + 1)
    }
  }
  return table
}
