import type { Detector } from '../../src/detectors/detector.js'
import { DTYPE_BYTES, type DType, type TypedArrayOf, viewAs } from '../../src/model/dtypes.js'
import { type Slab, slabsOf } from '../files/slabs.js'
import { type ConstantSource, cellsOf, openSlabs, planesOf } from '../files/source.js'
import { type PlaneStore, type StagePlanes, stagePlanes } from './planes.js'
import { type DarkMap, MapSums } from './preview.js'
import type { DarkRecipe } from './recipe.js'

/** How far new values lie from previous ones, new − previous, over all (pixel, cell) where both are finite. */
export interface Shift {
  readonly compared: number
  readonly mean: number
  readonly rms: number
  /** The one of largest magnitude, with its sign. */
  readonly largest: number
}

/** One stage of a module compared with its previous constants; what the catalogue lacks is absent. */
export interface StageDifference {
  readonly offset?: Shift & { readonly map: DarkMap }
  readonly noise?: Shift & { readonly map: DarkMap }
  /** (pixel, cell) that were good and are bad, and vice versa. */
  readonly bad?: { readonly compared: number; readonly more: number; readonly fewer: number }
}

/** Bytes of the previous constants that are read at once. */
const BATCH = 4 * 2 ** 20

/**
 * Compares the planes of a module, stage by stage, with previous Offset, Noise and BadPixelsDark; cells and stages that
 * only one side has are omitted.
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
    await eachPiece(detector, source, cells, recipe.stages.length, piece => {
      const now = planes[piece.cell]?.[piece.stage]
      if (now) sums[piece.stage]?.add(piece, plane(now))
    })
    return sums.map(sum => sum.result())
  }
  const offset = await shiftsOf('Offset', ({ offset }) => offset)
  const noise = await shiftsOf('Noise', ({ noise }) => noise)
  const bad = recipe.stages.map(() => ({ compared: 0, more: 0, fewer: 0 }))
  const masks = previous.get('BadPixelsDark')
  if (masks)
    await eachPiece(detector, masks, cells, recipe.stages.length, piece => {
      const [counts, now] = [bad[piece.stage], planes[piece.cell]?.[piece.stage]?.bad]
      if (counts && now) countChanges(piece, now, counts)
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

  /** @param now the plane of the same cell and stage. */
  add({ values, at, fast, slow, fastScan }: Piece, now: Float32Array): void {
    const map = this.#map
    // A function a value would take three times as long.
    let [compared, sum, squares, largest] = [0, 0, 0, this.#largest]
    for (let s = 0; s < slow.n; s++) {
      const row = slow.from + s
      let [before, pixel] = [at + s * slow.stride, row * fastScan + fast.from]
      for (let f = 0; f < fast.n; f++) {
        const shift = (now[pixel] ?? Number.NaN) - Number(values[before])
        before += fast.stride
        pixel++
        if (shift - shift !== 0) continue
        map.add(row, fast.from + f, shift)
        compared++
        sum += shift
        squares += shift * shift
        if (Math.abs(shift) > Math.abs(largest)) largest = shift
      }
    }
    this.#compared += compared
    this.#sum += sum
    this.#squares += squares
    this.#largest = largest
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

/** Counts pixels of a piece that were good and are bad now, and vice versa. */
function countChanges(
  { values, at, fast, slow, fastScan }: Piece,
  now: Uint32Array,
  counts: { compared: number; more: number; fewer: number },
): void {
  let [more, fewer] = [0, 0]
  for (let s = 0; s < slow.n; s++) {
    let [before, pixel] = [at + s * slow.stride, (slow.from + s) * fastScan + fast.from]
    for (let f = 0; f < fast.n; f++) {
      const [was, is] = [Number(values[before]) !== 0, now[pixel] !== 0]
      before += fast.stride
      pixel++
      if (is && !was) more++
      if (was && !is) fewer++
    }
  }
  counts.compared += slow.n * fast.n
  counts.more += more
  counts.fewer += fewer
}

/** Values of one cell and stage in a slab of a previous constant. */
interface Piece {
  readonly cell: number
  readonly stage: number
  readonly values: TypedArrayOf<DType>
  /** Index of the first one in `values`; the others follow, `stride` elements apart. */
  readonly at: number
  readonly fast: Axis
  readonly slow: Axis
  /** Pixels of a row of the module. */
  readonly fastScan: number
}

interface Axis {
  readonly from: number
  readonly n: number
  readonly stride: number
}

/** Calls `use` with the first `cells` cells and `stages` planes, piece by piece, whatever the order on disk. */
async function eachPiece(
  detector: Detector,
  source: ConstantSource,
  cells: number,
  stages: number,
  use: (piece: Piece) => void,
): Promise<void> {
  const region = {
    slowScan: [0, detector.slowScan],
    cells: [0, Math.min(cells, cellsOf(source))],
    planes: [0, Math.min(stages, planesOf(source))],
  } as const
  const slabs = await openSlabs(source)
  try {
    for (const slab of slabsOf(source, region, BATCH)) {
      const bytes = new ArrayBuffer(slab.bytes)
      slabs.read(slab.start, slab.count, new Uint8Array(bytes))
      for (const piece of piecesOf(detector, source, slab, bytes)) use(piece)
    }
  } finally {
    slabs.close()
  }
}

function* piecesOf(
  { fastScan }: Detector,
  { axes, dtype }: ConstantSource,
  { start, count, bytes }: Slab,
  buffer: ArrayBuffer,
): Generator<Piece> {
  const values = viewAs(dtype, buffer, 0, bytes / DTYPE_BYTES[dtype])
  // Elements from one index to the next on each axis; a missing axis has only index 0.
  const strides = count.map((_, axis) => count.slice(axis + 1).reduce((product, n) => product * n, 1))
  const axis = (of: number): Axis => ({ from: start[of] ?? 0, n: count[of] ?? 1, stride: strides[of] ?? 0 })
  const [fast, slow] = [axis(axes.fastScan), axis(axes.slowScan)]
  const [cell, plane] = [axis(axes.cell), axis(axes.plane)]
  for (let c = 0; c < cell.n; c++)
    for (let g = 0; g < plane.n; g++)
      yield {
        ...{ cell: cell.from + c, stage: plane.from + g, values },
        ...{ at: c * cell.stride + g * plane.stride, fast, slow, fastScan },
      }
}
