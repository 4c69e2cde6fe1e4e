import type { StagePlanes } from './planes.js'
import type { KernelWorkspace } from './workspace.js'

/** The workspace that {@link meansOfSums} needs. */
export function levelBytes(stages: number, pixels: number): number {
  return 4 * (stages - 1) * pixels
}

/**
 * Turns the sums of the gain samples (u32) of a cell, which lie where their means belong, into means (f32), and gives the
 * midpoints of neighbouring stages: of the means as f64, so that each is rounded to f32 once. NaN where a stage has no frames.
 * @param frames of each stage. @param workspace {@link levelBytes}, in which the midpoints lie.
 */
export function meansOfSums(
  stages: readonly StagePlanes[],
  frames: readonly number[],
  { buffer, at }: Pick<KernelWorkspace, 'buffer' | 'at'>,
): Float32Array[] {
  const levels = stages.flatMap(({ gain }, stage) => {
    const n = frames[stage] ?? 0
    return gain ? [{ n, mean: gain.mean, sums: sumsIn(gain.mean) }] : []
  })
  const midpoints = levels.slice(1).map(({ n, mean, sums }, i) => {
    const { n: before, sums: sumsBefore } = levels[i] ?? { n: 0, sums }
    const midpoint = new Float32Array(buffer, at + i * mean.byteLength, mean.length)
    if (n === 0 || before === 0) return midpoint.fill(Number.NaN)
    for (let pixel = 0; pixel < midpoint.length; pixel++)
      midpoint[pixel] = ((sumsBefore[pixel] as number) / before + (sums[pixel] as number) / n) / 2
    return midpoint
  })
  for (const { n, mean, sums } of levels) {
    if (n === 0) mean.fill(Number.NaN)
    else for (let pixel = 0; pixel < mean.length; pixel++) mean[pixel] = (sums[pixel] as number) / n
  }
  return midpoints
}

/** Sums of gain samples, which fit 32 bits, where the means of a (cell, stage) will be. */
export function sumsIn(mean: Float32Array): Uint32Array {
  return new Uint32Array(mean.buffer, mean.byteOffset, mean.length)
}
