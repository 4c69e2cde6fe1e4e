import type { Detector } from '../../../src/detectors/detector.js'
import { SCRATCH_BYTES, slabsOf } from '../slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../source.js'
import { Verification } from './verification.js'

/**
 * Holds all elements of a constant against the checksums of its import.
 * @returns false: it has none.
 * @throws ConstantsError naming file, dataset, rows and cells if they are not what was imported, or cannot be read.
 */
export async function verifyElements(detector: Detector, source: ConstantSource): Promise<boolean> {
  const cells = Array.from({ length: cellsOf(source) }, (_, cell) => cell)
  const region = {
    slowScan: [0, detector.slowScan],
    cells: [0, cells.length],
    planes: [0, planesOf(source)],
  } as const
  const verification = Verification.of(source, { region, budget: SCRATCH_BYTES, cells })
  if (verification === undefined) return false
  const slabs = await openSlabs(source)
  const scratch = new Uint8Array(SCRATCH_BYTES)
  try {
    for (const slab of slabsOf(source, verification.region, SCRATCH_BYTES)) {
      const out = scratch.subarray(0, slab.bytes)
      slabs.read(slab.start, slab.count, out)
      verification.add(slab, out)
    }
    await verification.finish()
    return true
  } finally {
    slabs.close()
  }
}
