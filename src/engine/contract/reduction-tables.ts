import { ASIC_SIDE } from '../../corrections/common-mode.js'
import type { Finishing } from '../../corrections/finishing.js'

/** What the tables of a file's reductions are for. */
export interface ReductionShape {
  readonly pixels: number
  /** Resident cells, and rows of 32 that they are in. */
  readonly cells: number
  readonly rows: number
  /** Most images of a file. */
  readonly images: number
}

/**
 * What the reductions over a file leave in its lane for the correction: bytes from the start of the lane's tables. Small,
 * compared with the file: what is subtracted in each step, not what remains.
 */
export interface ReductionTables {
  /** ASICs of a module. */
  readonly asics: number
  /** Planes of {@link ReductionTables.pixelMeans}: iterations. */
  readonly iterations: number
  /** Of those, how many have {@link ReductionTables.imageMeans}: the last part (b) needs only the image, and waits for it. */
  readonly shifts: number
  /** f32 `[row][iteration][pixel]`: part (a) of the common mode. */
  readonly pixelMeans: number
  /** f32 `[image][iteration][ASIC]`: part (b), without that of the last iteration. */
  readonly imageMeans: number
  /** u8 `[cell][pixel]`: not 0 where all samples of the file are the same. */
  readonly still: number
  readonly zeroStd: boolean
  readonly bytes: number
}

/** Whether a chain needs to look at a whole file before its first frame is corrected. */
export function spansFile({ commonMode, zeroStd }: Finishing): boolean {
  return zeroStd || commonMode?.part === 'both'
}

export function reductionTables(
  { commonMode, zeroStd }: Pick<Finishing, 'commonMode' | 'zeroStd'>,
  { pixels, cells, rows, images }: ReductionShape,
): ReductionTables {
  const asics = pixels / ASIC_SIDE ** 2
  const iterations = commonMode?.part === 'both' ? commonMode.iterations : 0
  const imageMeans = 4 * rows * iterations * pixels
  const shifts = Math.max(0, iterations - 1)
  const still = imageMeans + 4 * images * shifts * asics
  return {
    ...{ asics, iterations, shifts, imageMeans, still, zeroStd },
    pixelMeans: 0,
    bytes: still + (zeroStd ? cells * pixels : 0),
  }
}
