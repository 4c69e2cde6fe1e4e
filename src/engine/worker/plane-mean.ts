/** Sums of finite values, and their number, by pixel. */
export interface PlaneMean {
  readonly sums: Float64Array
  readonly counts: Uint32Array
}

export type Plane = Float32Array | Uint8Array | Uint16Array | Uint32Array

export function newMean(pixels: number): PlaneMean {
  return { sums: new Float64Array(pixels), counts: new Uint32Array(pixels) }
}

/** Adds a value to a pixel's, unless it is NaN or infinite. */
export function addValue({ sums, counts }: PlaneMean, pixel: number, value: number): void {
  if (value - value !== 0) return
  sums[pixel] = (sums[pixel] as number) + value
  counts[pixel] = (counts[pixel] as number) + 1
}

export function addPlane(mean: PlaneMean, plane: Plane): void {
  for (let pixel = 0; pixel < mean.sums.length; pixel++) addValue(mean, pixel, plane[pixel] as number)
}

/** Writes the means: NaN where no value was finite. */
export function writeMean({ sums, counts }: PlaneMean, target: Float32Array): void {
  // 0 / 0 is NaN, as it should be.
  for (let pixel = 0; pixel < target.length; pixel++)
    target[pixel] = (sums[pixel] as number) / (counts[pixel] as number)
}
