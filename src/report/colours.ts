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
  /** The first colour is that of zero alone: most of a map is zero. */
  readonly zeroApart?: true
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

/** What has nothing: as light on a dark page, where the strongest colours of {@link SHARE} would be lost. */
const NOTHING: Rgb = [242, 242, 246]
const SHARES: readonly Rgb[] = [
  [222, 91, 28],
  [190, 30, 45],
  [90, 0, 40],
]

/** From nothing, which is apart, to all of it. */
export const SHARE: Palette = {
  ...palette(...SHARES),
  colours: [NOTHING, ...between(SHARES, COLOURS - 1)],
  zeroApart: true,
}

/** The values that the ends of a palette stand for. */
export interface Scale {
  readonly low: number
  readonly high: number
}

/** Index of a value's colour in an image of indices, from 1 on; 0 is left to what is blank. */
export function paletteIndex(value: number, { low, high }: Scale, { colours, zeroApart }: Palette): number {
  if (zeroApart && value === 0) return 1
  const first = zeroApart ? 2 : 1
  const share = high > low ? (value - low) / (high - low) : 0.5
  return first + Math.round(Math.max(0, Math.min(1, share)) * (colours.length - first))
}
