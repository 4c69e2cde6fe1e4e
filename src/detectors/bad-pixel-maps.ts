import type { Detector } from './detector.js'

const PREFIX = 'BadPixels'

/** The bad-pixel maps that a detector may have, by calibration. */
export function badPixelMapsOf({ calibrations }: Pick<Detector, 'calibrations'>): string[] {
  return calibrations.filter(({ kind }) => kind === 'bits').map(({ name }) => name)
}

/** A map's name on the command line: `dark` for BadPixelsDark. */
export function shortName(map: string): string {
  return (map.startsWith(PREFIX) ? map.slice(PREFIX.length) : map).toLowerCase()
}
