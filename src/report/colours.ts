import type { Rgb } from './png.js'

/** Colours between stops, evenly spaced. */
function between(stops: readonly Rgb[], count: number): Rgb[] {
  return Array.from({ length: count }, (_, i): Rgb => {
    const at = (i / (count - 1)) * (stops.length - 1)
    const from = stops[Math.floor(at)] ?? [0, 0, 0]
    const to = stops[Math.ceil(at)] ?? from
    const share = at - Math.floor(at)
    const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + share * (to[channel] - from[channel]))
    return [mix(0), mix(1), mix(2)]
  })
}

/** A mapping of values to colours, readable on light and on dark backgrounds. */
export interface Palette {
  readonly colours: readonly Rgb[]
  /** The same, for a legend. */
  readonly css: string
  /** Zero is left blank: most of a map is zero. */
  readonly blankAtZero?: true
}

const COLOURS = 255

function palette(...stops: readonly Rgb[]): Palette {
  const css = stops.map(([r, g, b]) => `rgb(${r} ${g} ${b})`).join(', ')
  return { colours: between(stops, COLOURS), css: `linear-gradient(to right, ${css})` }
}

/** Low to high, distinguishable by lightness alone. */
export const SEQUENTIAL = palette([68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37])

/** Below, about and above zero. */
export const DIVERGING = palette(
  [33, 102, 172],
  [103, 169, 207],
  [225, 225, 225],
  [239, 138, 98],
  [178, 24, 43],
)

/** From nothing to all of it. */
export const SHARE: Palette = {
  ...palette([253, 174, 97], [215, 48, 39], [128, 0, 38]),
  blankAtZero: true,
}

/** The values that the ends of a palette stand for. */
export interface Scale {
  readonly low: number
  readonly high: number
}

/** Index of a value's colour in an image of indices, from 1 on; 0, which is blank, of 0 where the palette leaves that out. */
export function paletteIndex(value: number, { low, high }: Scale, { colours, blankAtZero }: Palette): number {
  if (blankAtZero && value === 0) return 0
  const share = high > low ? (value - low) / (high - low) : 0.5
  return 1 + Math.round(Math.max(0, Math.min(1, share)) * (colours.length - 1))
}
