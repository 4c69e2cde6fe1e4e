import type { Detector } from '../../src/detectors/detector.js'
import { Verification } from '../files/checksums/verification.js'
import { elementsOf } from '../files/elements.js'
import { SCRATCH_BYTES, slabsOf } from '../files/slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../files/source.js'
import { medianOf } from './order-statistics.js'

/**
 * Exact median in f64 of the finite values of plane 0 of a constant, over all pixels and cells of the module; the mean
 * of the middle two for an even count. The constant is read two or three times in slabs of 4 MiB.
 * @returns NaN if no value is finite.
 * @throws ConstantsError if the constant is damaged, or not what was imported.
 */
export async function finiteMedian(detector: Detector, source: ConstantSource): Promise<number> {
  const slabs = await openSlabs(source)
  // An innermost plane axis is read with all planes: skipping bytes costs more than reading them.
  const step = source.axes.plane === source.shape.length - 1 ? planesOf(source) : 1
  const region = { slowScan: [0, detector.slowScan], cells: [0, cellsOf(source)], planes: [0, step] } as const
  const scratch = new Uint8Array(SCRATCH_BYTES)
  const row = new Float64Array(65536)
  // It is read several times; held against its checksums the first time.
  let verification = Verification.of(source, { region, budget: SCRATCH_BYTES, cells: [] })
  const first = verification
  try {
    const median = medianOf((consume: (values: Float64Array) => void) => {
      for (const slab of slabsOf(source, region, SCRATCH_BYTES)) {
        const out = scratch.subarray(0, slab.bytes)
        slabs.read(slab.start, slab.count, out)
        verification?.add(slab, out)
        const gather = elementsOf(source, slab, out)
        const elements = slab.count.reduce((product, n) => product * n, 1) / step
        for (let from = 0; from < elements; from += row.length) {
          const n = Math.min(row.length, elements - from)
          gather(from * step, step, n, row)
          consume(n === row.length ? row : row.subarray(0, n))
        }
      }
      verification = undefined
    })
    await first?.finish()
    return median
  } finally {
    slabs.close()
  }
}
