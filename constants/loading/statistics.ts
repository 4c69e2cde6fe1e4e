import type { Detector } from '../../src/detectors/detector.js'
import { elementsOf } from '../files/elements.js'
import { SCRATCH_BYTES, slabsOf } from '../files/slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../files/source.js'
import { badPixelNames } from '../model/bad-pixels.js'

/** Numbers of one plane of a constant, over all pixels and cells. */
export interface PlaneStatistics {
  readonly values: number
  /** Values that are NaN or infinite; 0 for masks. */
  readonly notFinite: number
  /** Of finite values; NaN where there is none. Of masks: undefined. */
  readonly range?: { readonly min: number; readonly max: number; readonly mean: number }
  /** For masks: how many pixels are not 0, and how many have each bit. */
  readonly bad?: { readonly pixels: number; readonly byReason: Readonly<Record<string, number>> }
}

/**
 * Statistics of each plane of a constant's last axis; the constant is read once, in slabs of 4 MiB.
 * @throws ConstantsError if it is damaged.
 */
export async function statisticsOf(detector: Detector, source: ConstantSource): Promise<PlaneStatistics[]> {
  const planes = planesOf(source)
  const tallies = Array.from({ length: planes }, () => new Tally())
  const region = {
    slowScan: [0, detector.slowScan],
    cells: [0, cellsOf(source)],
    planes: [0, planes],
  } as const
  const slabs = await openSlabs(source)
  const scratch = new Uint8Array(SCRATCH_BYTES)
  try {
    for (const slab of slabsOf(source, region, SCRATCH_BYTES)) {
      const out = scratch.subarray(0, slab.bytes)
      slabs.read(slab.start, slab.count, out)
      const gather = elementsOf(source, slab, out)
      // Elements of one plane are runs of what lies within the plane axis, one run in `planes`.
      const axis = source.axes.plane
      const inner = axis < 0 ? 1 : slab.count.slice(axis + 1).reduce((product, n) => product * n, 1)
      const runs = slab.count.reduce((product, n) => product * n, 1) / (inner * planes)
      // Whichever is longer is gathered at once.
      const row = new Float64Array(Math.max(inner, runs))
      tallies.forEach((tally, plane) => {
        const [outer, n, step, stride] =
          inner > runs ? [runs, inner, inner * planes, 1] : [inner, runs, 1, inner * planes]
        for (let i = 0; i < outer; i++) {
          gather(plane * inner + i * step, stride, n, row)
          tally.add(row.subarray(0, n), source.calibration.kind === 'bits')
        }
      })
    }
  } finally {
    slabs.close()
  }
  return tallies.map(tally => tally.result(source.calibration.kind === 'bits'))
}

class Tally {
  #values = 0
  #finite = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #bad = 0
  readonly #bits = new Float64Array(32)

  add(row: Float64Array, bits: boolean): void {
    this.#values += row.length
    if (bits) for (const mask of row) this.#addMask(mask)
    else for (const value of row) this.#addValue(value)
  }

  result(bits: boolean): PlaneStatistics {
    if (bits) {
      const reasons = [...this.#bits].map(
        (count, bit) => [badPixelNames((1 << bit) >>> 0)[0] ?? '', count] as const,
      )
      const byReason = Object.fromEntries(reasons.filter(([, count]) => count > 0))
      return { values: this.#values, notFinite: 0, bad: { pixels: this.#bad, byReason } }
    }
    const none = this.#finite === 0
    const [min, max] = none ? [Number.NaN, Number.NaN] : [this.#min, this.#max]
    const range = { min, max, mean: this.#sum / this.#finite }
    return { values: this.#values, notFinite: this.#values - this.#finite, range }
  }

  #addValue(value: number): void {
    if (!Number.isFinite(value)) return
    this.#finite++
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  #addMask(mask: number): void {
    if (mask === 0) return
    this.#bad++
    for (let rest = mask >>> 0; rest !== 0; ) {
      const bit = 31 - Math.clz32(rest)
      this.#bits[bit] = (this.#bits[bit] ?? 0) + 1
      rest = (rest & ~(1 << bit)) >>> 0
    }
  }
}
