import { ASIC_SIDE, type CommonModeParams, leastOfAsic, leastOfRow } from '../../corrections/common-mode.js'

/** What was subtracted from an ASIC's images, f32, by iteration: from each pixel, and from each image. */
export interface CommonModes {
  readonly pixels: Float32Array[]
  readonly images: Float32Array[]
}

/**
 * Common mode of one ASIC in the images of one row of 32 memory cells, in place: the definition that the kernels equal bit
 * for bit. In each iteration (a) the mean over all images of a pixel's dark values is subtracted, then (b) the mean over an
 * image's pixels. Sums are f64: those of a pixel in the order of `images`, those of an image in eight, pixel by pixel in
 * turn, which are added in pairs.
 * @param images `[image][64 rows × 64 columns]`, by cell, then by train.
 */
export function subtractCommonMode(images: readonly Float32Array[], params: CommonModeParams): CommonModes {
  const { low, high, iterations, part } = params
  const dark = (d: number): boolean => d >= low && d <= high
  const found: CommonModes = { pixels: [], images: [] }
  for (let k = 0; k < iterations; k++) {
    const ofPixels = new Float32Array(ASIC_SIDE ** 2)
    if (part === 'both')
      for (let p = 0; p < ofPixels.length; p++) {
        let [sum, count] = [0, 0]
        for (const image of images)
          if (dark(image[p]!)) {
            sum += image[p]!
            count++
          }
        ofPixels[p] = meanOf(sum, count, leastOfRow(params, images.length))
        for (const image of images) image[p]! -= ofPixels[p]!
      }
    const ofImages = Float32Array.from(images, image => {
      const sums = new Float64Array(8)
      let count = 0
      for (let p = 0; p < image.length; p++)
        if (dark(image[p]!)) {
          sums[p % 8]! += image[p]!
          count++
        }
      const pair = (i: number): number => sums[i]! + sums[i + 1]!
      const mean = meanOf(pair(0) + pair(2) + (pair(4) + pair(6)), count, leastOfAsic(params))
      for (let p = 0; p < image.length; p++) image[p]! -= mean
      return mean
    })
    found.pixels.push(ofPixels)
    found.images.push(ofImages)
  }
  return found
}

function meanOf(sum: number, count: number, least: number): number {
  // || 0: a −0 would change the sign of zeros.
  return count >= least && count > 0 ? Math.fround(sum / count) || 0 : 0
}
