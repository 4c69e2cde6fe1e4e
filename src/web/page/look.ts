import type { ColorMap } from '@h5web/lib'
import type { Interval } from './range.js'

/** How a picture is drawn. */
export interface Look {
  readonly colours: ColorMap
  readonly logarithmic: boolean
  /** Percentiles of the values, or values. */
  readonly by: 'percentiles' | 'values'
  readonly percentiles: Interval
  readonly values: Interval
}

export const FIRST_LOOK: Look = {
  colours: 'Viridis',
  logarithmic: false,
  by: 'percentiles',
  percentiles: [1, 99.5],
  values: [0, 100],
}

/** Maps whose lightness ascends, and two that people ask for. */
export const COLOURS = ['Viridis', 'Cividis', 'Inferno', 'Magma', 'Plasma', 'Greys', 'Turbo', 'RdBu'] as const

/** Gain stages and whether a pixel is bad: their colours do not depend on the data. */
export const FIXED_RANGES = { gain: [0, 2], mask: [0, 1] } as const
