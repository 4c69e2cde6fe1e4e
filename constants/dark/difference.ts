import type { Detector } from '../../src/detectors/detector.js'
import { DTYPE_BYTES, viewAs } from '../../src/model/dtypes.js'
import { type Block, blocksOf } from '../blocks.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../source.js'
import { type DarkMap, MapSums } from './picture.js'
import { type PlaneStore, type StagePlanes, stagePlanes } from './planes.js'
import type { DarkRecipe } from './recipe.js'

/** How far new values lie from previous ones, new − previous, over all (pixel, cell) where both are finite. */
export interface Shift {
  readonly compared: number
  readonly mean: number
  readonly rms: number
  /** The greatest in size, with its sign. */
  readonly largest: number
}

/** One stage of a module against its constants before; what the catalogue lacks is absent. */
export interface StageDifference {
  readonly offset?: Shift & { readonly map: DarkMap }
  readonly noise?: Shift & { readonly map: DarkMap }
  /** (pixel, cell) that were good and are bad, and the other way round. */
  readonly bad?: { readonly compared: number; readonly more: number; readonly fewer: number }
}

/** Bytes of the previous constants that are read at once. */
const BATCH = 4 * 2 ** 20

/**
 * Compares the planes of a module, stage by stage, with previous Offset, Noise and BadPixelsDark; cells and stages
 * that only one side has are left out.
 * @throws ConstantsError if previous constants cannot be read.
 */
export async function differenceOf(
  detector: Detector,
  recipe: DarkRecipe,
  store: PlaneStore,
  cells: number,
  previous: ReadonlyMap<string, ConstantSource>,
): Promise<StageDifference[]> {
  const planes = Array.from({ length: cells }, (_, cell) =>
    recipe.stages.map((_, stage) => stagePlanes(store, recipe, cell, stage)),
  )
  const shiftsOf = async (calibration: string, plane: (planes: StagePlanes) => Float32Array) => {
    const source = previous.get(calibration)
    if (source === undefined) return undefined
    const sums = recipe.stages.map(() => new ShiftSums(detector))
    await eachValue(detector, source, cells, recipe.stages.length, (pixel, cell, stage, before) => {
      const now = planes[cell]?.[stage]
      if (now) sums[stage]?.add(pixel, (plane(now)[pixel] ?? Number.NaN) - before)
    })
    return sums.map(sum => sum.result())
  }
  const offset = await shiftsOf('Offset', ({ offset }) => offset)
  const noise = await shiftsOf('Noise', ({ noise }) => noise)
  const bad = recipe.stages.map(() => ({ compared: 0, more: 0, fewer: 0 }))
  const masks = previous.get('BadPixelsDark')
  if (masks)
    await eachValue(detector, masks, cells, recipe.stages.length, (pixel, cell, stage, before) => {
      const [counts, now] = [bad[stage], planes[cell]?.[stage]?.bad[pixel] ?? 0]
      if (counts === undefined) return
      counts.compared++
      if (now !== 0 && before === 0) counts.more++
      if (now === 0 && before !== 0) counts.fewer++
    })
  return recipe.stages.map((_, stage) => ({
    ...(offset?.[stage] && { offset: offset[stage] }),
    ...(noise?.[stage] && { noise: noise[stage] }),
    ...(masks && bad[stage] && { bad: bad[stage] }),
  }))
}

class ShiftSums {
  readonly #map: MapSums
  #compared = 0
  #sum = 0
  #squares = 0
  #largest = 0

  constructor(detector: Detector) {
    this.#map = new MapSums(detector)
  }

  add(pixel: number, shift: number): void {
    if (!Number.isFinite(shift)) return
    this.#map.add(pixel, shift)
    this.#compared++
    this.#sum += shift
    this.#squares += shift * shift
    if (Math.abs(shift) > Math.abs(this.#largest)) this.#largest = shift
  }

  result(): Shift & { readonly map: DarkMap } {
    const n = this.#compared
    return {
      compared: n,
      mean: this.#sum / n,
      rms: Math.sqrt(this.#squares / n),
      largest: this.#largest,
      map: this.#map.map(),
    }
  }
}

type Use = (pixel: number, cell: number, stage: number, value: number) => void

/** Calls `use` with every value of the first `cells` cells and `stages` planes, whatever the order on disk. */
async function eachValue(
  detector: Detector,
  source: ConstantSource,
  cells: number,
  stages: number,
  use: Use,
): Promise<void> {
  const region = {
    slowScan: [0, detector.slowScan],
    cells: [0, Math.min(cells, cellsOf(source))],
    planes: [0, Math.min(stages, planesOf(source))],
  } as const
  const slabs = await openSlabs(source)
  try {
    for (const block of blocksOf(source, region, BATCH)) {
      const bytes = new ArrayBuffer(block.bytes)
      slabs.read(block.start, block.count, new Uint8Array(bytes))
      eachOfBlock(detector, source, block, bytes, use)
    }
  } finally {
    slabs.close()
  }
}

function eachOfBlock(
  { fastScan }: Detector,
  { axes, dtype }: ConstantSource,
  { start, count, bytes }: Block,
  buffer: ArrayBuffer,
  use: Use,
): void {
  const values = viewAs(dtype, buffer, 0, bytes / DTYPE_BYTES[dtype])
  // Elements from one index to the next on each axis; an axis that is not there has the one index 0.
  const strides = count.map((_, axis) => count.slice(axis + 1).reduce((product, n) => product * n, 1))
  const axis = (of: number) => ({ from: start[of] ?? 0, n: count[of] ?? 1, stride: strides[of] ?? 0 })
  const [fast, slow, cell, plane] = [axes.fastScan, axes.slowScan, axes.cell, axes.plane].map(axis)
  if (!(fast && slow && cell && plane)) return
  for (let f = 0; f < fast.n; f++)
    for (let s = 0; s < slow.n; s++)
      for (let c = 0; c < cell.n; c++)
        for (let g = 0; g < plane.n; g++) {
          const at = f * fast.stride + s * slow.stride + c * cell.stride + g * plane.stride
          const pixel = (slow.from + s) * fastScan + fast.from + f
          // Offset and noise differ between their f32; masks are told from zero only.
          use(pixel, cell.from + c, plane.from + g, Number(values[at] ?? Number.NaN))
        }
}
