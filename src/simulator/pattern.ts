import type { Detector } from '../detectors/detector.js'
import type { ModuleIndex } from '../model/ids.js'
import { poissonClass } from './poisson.js'

/** Radii of the powder rings, pixels. */
const RINGS = [110, 190, 260, 330, 420, 500]

/**
 * Where the photons go: mean photons per pixel and pulse as Poisson classes, `[slow scan][fast scan]`. A central
 * spot, powder rings and a background that falls off; pixels of the ASIC seams are twice as large.
 *
 * The arrangement of modules is schematic (four quadrants around the beam, slow scan pointing outwards), not the
 * geometry of the detector.
 */
export function patternOf(detector: Detector, module: ModuleIndex): Uint16Array {
  const { slowScan, fastScan } = detector
  const classes = new Uint16Array(slowScan * fastScan)
  const quadrant = module >> 2
  const innermost = (quadrant % 2 === 0 ? 3 - (module % 4) : module % 4) * (fastScan + 12)
  for (let ss = 0; ss < slowScan; ss++) {
    const area = isSeam(ss, slowScan) ? 2 : 1
    for (let fs = 0; fs < fastScan; fs++) {
      const radius = Math.hypot(ss + 8, innermost + fs + 8)
      classes[ss * fastScan + fs] = poissonClass(area * meanPhotons(radius))
    }
  }
  return classes
}

/** Rows at the edge of two ASICs, 64 rows each: their pixels are twice as large. */
export function isSeam(ss: number, slowScan: number): boolean {
  const row = ss % 64
  return (row === 63 && ss < slowScan - 1) || (row === 0 && ss > 0)
}

/** At most about 20 and mostly below 1: pixels leave high gain by strong reflections, hardly ever by the pattern. */
function meanPhotons(radius: number): number {
  const spot = 16 * Math.exp(-((radius / 40) ** 2))
  const background = 0.4 / (1 + (radius / 150) ** 2)
  const rings = RINGS.reduce((sum, ring) => sum + Math.exp(-(((radius - ring) / 6) ** 2)), 0)
  return spot + background + (2 * rings) / (1 + radius / 150)
}
