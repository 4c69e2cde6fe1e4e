import type { PlaneRecipe } from '../planes.js'

/**
 * What a step does to all pixels of a frame, as plain data that a reading can change. A chain as a list of operations says
 * the same as its kernel; constants are planes, by gain stage where there are several. `transposed` planes of a square module
 * are read with slow and fast scan the other way round.
 */
export type PixelOperation =
  /** The signal is the low `bits` of a raw number; a raw 0 stands for `zero`. */
  | { readonly step: string; readonly do: 'signal'; readonly bits: number; readonly zero: number }
  | { readonly step: string; readonly do: 'fixed-stage'; readonly stage: number }
  /** The raw gain is beyond T0: medium; beyond T1: low. `inclusive`: a raw gain equal to it is. */
  | {
      readonly step: string
      readonly do: 'threshold'
      readonly planes: readonly [PlaneRecipe, PlaneRecipe]
      readonly inclusive: boolean
    }
  /** The stage is in bits 12 and 13 of a raw number; 3, which is none, is stored as `wrong`. */
  | { readonly step: string; readonly do: 'stage-bits'; readonly wrong: number; readonly mark: number }
  /** Parallel gain: the first stage whose signal is not as large as its plane, else the last. */
  | { readonly step: string; readonly do: 'saturation'; readonly planes: readonly PlaneRecipe[] }
  /** Pixels in one of `from` whose signal is less than `limit` above the offset `above` are in stage `to`. */
  | {
      readonly step: string
      readonly do: 'force'
      readonly from: readonly number[]
      readonly to: number
      readonly above: PlaneRecipe
      readonly limit: number
      readonly inclusive: boolean
    }
  | {
      readonly step: string
      readonly do: 'subtract'
      readonly planes: readonly PlaneRecipe[]
      readonly transposed?: boolean
    }
  /** `joined`: the factors of neighbours are multiplied with each other first. */
  | {
      readonly step: string
      readonly do: 'scale'
      readonly planes: readonly PlaneRecipe[]
      readonly divide: boolean
      readonly joined: boolean
      readonly transposed?: boolean
    }
  | {
      readonly step: string
      readonly do: 'add'
      readonly stages: readonly number[]
      readonly plane: PlaneRecipe
    }
  /** Values below 0 of these stages are 0. */
  | { readonly step: string; readonly do: 'floor'; readonly stages: readonly number[] }
  /** Of the maps the plane of the pixel's stage, of the first stage, or of any. */
  | {
      readonly step: string
      readonly do: 'mask'
      readonly maps: readonly string[]
      readonly stages: number
      readonly of: 'own' | 'first' | 'any'
      readonly transposed?: boolean
    }
  /** What is not finite or beyond ±1e7 has a bit, and is 0 where it says so. */
  | {
      readonly step: string
      readonly do: 'range'
      readonly bits: boolean
      readonly zeroNans: boolean
      readonly zeroOrange: boolean
    }

/** The planes of constants that operations read. */
export function planesRead(operations: readonly PixelOperation[]): PlaneRecipe[] {
  return operations.flatMap(operation => {
    if ('planes' in operation) return operation.planes
    if (operation.do === 'force') return [operation.above]
    if (operation.do === 'add') return [operation.plane]
    return operation.do === 'mask' ? mapPlanes(operation) : []
  })
}

/** The planes of a mask's maps, by stage. */
export function mapPlanes({ maps, stages }: Extract<PixelOperation, { do: 'mask' }>): PlaneRecipe[] {
  return Array.from({ length: stages }, (_, stage) => ({ kind: 'bad-pixels', calibrations: maps, stage }))
}
