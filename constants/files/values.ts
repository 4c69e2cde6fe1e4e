import type { Detector } from '../../src/detectors/detector.js'
import { productOf } from '../../src/model/shapes.js'
import { MOST_CHUNK_BYTES } from './chunk-limit.js'
import { elementsOf } from './elements.js'
import { slabsOf } from './slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from './source.js'

/** Values of a mask that are looked at together. */
const ROW = 65536

/**
 * Reads every value of a constant as a correction does, whatever it will need of it, and keeps none.
 * @throws ConstantsError naming file and dataset where they cannot be read or decoded, or a mask holds what is none.
 */
export async function checkValues(detector: Detector, source: ConstantSource): Promise<void> {
  const region = {
    slowScan: [0, detector.slowScan],
    cells: [0, cellsOf(source)],
    planes: [0, planesOf(source)],
  } as const
  const slabs = await openSlabs(source)
  // A compressed chunk is decoded once only if a slab holds it.
  const scratch = new Uint8Array(MOST_CHUNK_BYTES)
  const row = new Float64Array(ROW)
  try {
    for (const slab of slabsOf(source, region, scratch.length)) {
      const bytes = scratch.subarray(0, slab.bytes)
      slabs.read(slab.start, slab.count, bytes)
      if (source.calibration.kind === 'float') continue
      const gather = elementsOf(source, slab, bytes)
      const elements = productOf(slab.count)
      for (let first = 0; first < elements; first += ROW)
        gather(first, 1, Math.min(ROW, elements - first), row)
    }
  } finally {
    slabs.close()
  }
}
