/** Sums of frames of a module, from which their mean is made: pixel by pixel, of the values that are numbers. */
export interface FrameSums {
  readonly sums: Float64Array
  /** How many numbers each sum is of. */
  readonly counts: Uint32Array
}

/** Nothing summed yet. −0, which changes nothing it is added to: the mean of one frame is that frame, to the last bit. */
export function newSums(pixels: number): FrameSums {
  return { sums: new Float64Array(pixels).fill(-0), counts: new Uint32Array(pixels) }
}

export function copyOfSums({ sums, counts }: FrameSums): FrameSums {
  return { sums: sums.slice(), counts: counts.slice() }
}

/** Adds a frame. @param mask pixels where it is not 0 are left out. */
export function addFrame(
  { sums, counts }: FrameSums,
  values: ArrayLike<number>,
  mask?: ArrayLike<number>,
): void {
  for (let pixel = 0; pixel < sums.length; pixel++) {
    const value = values[pixel] as number
    if (Number.isNaN(value) || (mask && mask[pixel] !== 0)) continue
    sums[pixel] = (sums[pixel] as number) + value
    counts[pixel] = (counts[pixel] as number) + 1
  }
}

/** The means, summed and divided in f64 and rounded once; NaN where there was no number. */
export function meanOf({ sums, counts }: FrameSums): Float32Array {
  return Float32Array.from(sums, (sum, pixel) => {
    const count = counts[pixel] as number
    return count === 0 ? Number.NaN : sum / count
  })
}
