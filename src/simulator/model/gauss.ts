import { draw, type Key } from './random.js'

const STEPS = 65536

/**
 * Quantiles of the normal distribution: entry i is where its integral is (i + ½)/65536. Indexed with 16 random
 * bits it gives normal deviates of mean 0 and standard deviation 1, none beyond ±4.3. Made when it is first used: every
 * command loads the detector kits, few simulate.
 */
export function quantiles(): Float32Array {
  table ??= quantileTable()
  return table
}
let table: Float32Array | undefined

/** Normal deviate `counter` of a stream. */
export function gauss(key: Key, counter: number): number {
  return quantiles()[draw(key.a, key.b, counter) & 0xffff] ?? 0
}

function quantileTable(): Float32Array {
  const table = new Float32Array(STEPS)
  for (let i = 0; i < STEPS / 2; i++) {
    const quantile = normalQuantile((i + 0.5) / STEPS)
    table[i] = quantile
    // Mirrored, so that the mean is exactly 0.
    table[STEPS - 1 - i] = -quantile
  }
  return table
}

/** Inverse of the normal distribution below ½, by Acklam's rational approximations (relative error 1e-9). */
function normalQuantile(p: number): number {
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return (
      polynomial(
        q,
        [
          -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
          4.374664141464968, 2.938163982698783,
        ],
      ) / polynomial(q, [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1])
    )
  }
  const q = p - 0.5
  const r = q * q
  return (
    (q *
      polynomial(
        r,
        [
          -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
          2.506628277459239,
        ],
      )) /
    polynomial(
      r,
      [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
    )
  )
}

/** Highest power first. */
function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}
