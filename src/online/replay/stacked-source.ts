import { BAD_PIXELS } from '../../../constants/model/bad-pixels.js'
import type { BridgeArray } from '../../bridge/message.js'
import { agreementOf } from '../../combiner/agreement.js'
import { pixelsOf } from '../../detectors/detector.js'
import { fillPattern } from '../../hdf5/index.js'
import { DTYPE_BYTES } from '../../model/dtypes.js'
import { DataError } from '../../model/errors.js'
import { productOf } from '../../model/shapes.js'
import type { StoredRun } from '../../sources/run/run.js'
import { sameFrames, storedPart } from '../../sources/run/same-frames.js'
import type { Losses } from './losses.js'
import { type LayoutReader, newMemory } from './read-train.js'
import { contentOfRows, shiftedRows } from './source-arrays.js'
import { type FrameForm, sameForm } from './stored-plane.js'
import { readPart, type TrainPart } from './train-reader.js'

/**
 * One source of the whole detector: raw `<detector>/DET/APPEND` with `image.data` (frames, planes, modules, slow scan, fast
 * scan), as EXtra-data stacks it; corrected `<detector>/CAL/APPEND_CORRECTED` with data, gain and mask (frames, modules, slow
 * scan, fast scan). The ids of frames are those of the lowest module. Position i of the modules' axis is module i: one that
 * is not there is 0 if raw, else NaN, gain 0 and mask VALUE_IS_NAN, and false in `modulesPresent`.
 */
export const readStacked: LayoutReader = async (parts, run, losses) => {
  const { agreed, first } = agreeing(parts, run, losses)
  if (first === undefined) return undefined
  const { count } = first.stored.framesOf(first.entry)
  const planes = [...first.stored.planes].map(([key, form]) => new StackedPlane(key, form, count, run))
  const read = await Promise.all(
    agreed.map(async part => {
      const targets = planes.map(plane => [plane.key, plane.piecesOf(part.module)] as const)
      return (await readPart(part, new Map(targets), losses)) ? [part] : []
    }),
  )
  const [lowest] = read.flat()
  if (lowest === undefined) return undefined
  const there = new Set<number>(read.flat().map(({ module }) => module))
  const modules = Array.from({ length: run.detector.moduleCount }, (_, module) => module)
  for (const module of modules) if (!there.has(module)) for (const plane of planes) plane.fill(module)
  const { source } = lowest.stored.file
  const rows = Object.entries(lowest.stored.rowsOf(lowest.entry.trainId))
  const ids = Object.fromEntries(rows.filter(([key]) => key.startsWith('image.')))
  return {
    frames: there.size * count,
    sources: (time, shift) => [
      {
        name: `${run.karaboId}/${run.corrected ? 'CAL/APPEND_CORRECTED' : 'DET/APPEND'}`,
        time,
        values: {
          sources: modules.map(module => source.replace(`/${lowest.module}CH`, `/${module}CH`)),
          modulesPresent: modules.map(module => there.has(module)),
        },
        arrays: {
          ...Object.fromEntries(planes.map(plane => [plane.key, plane.array])),
          ...contentOfRows(shiftedRows(ids, shift)).arrays,
        },
      },
    ],
  }
}

/** Parts that are of the same pulses, cells and forms; others are lost. */
function agreeing(
  parts: readonly TrainPart[],
  { detector }: StoredRun,
  losses: Losses,
): { readonly agreed: readonly TrainPart[]; readonly first: TrainPart | undefined } {
  const policy = sameFrames(
    parts.map(({ module }) => module),
    detector.maxCells,
  )
  const entries = parts.map(part => ({ part, stored: storedPart(part.stored.file, part.entry) }))
  const agreement = agreementOf(
    entries,
    (a, b) => policy.same(a.stored, b.stored),
    ({ stored }) => policy.doubtful?.(stored) ?? false,
  )
  const first = agreement?.first.part
  const others = new Set(agreement?.others.map(({ part }) => part))
  const agreed = parts.filter(part => {
    const { module, stored, entry } = part
    const lose = (why: string) => {
      losses.lose(new DataError(why), module, entry.trainId, stored.file.path)
      return false
    }
    if (others.has(part)) return lose('has other pulses or cells than most modules: it cannot be stacked')
    const fits = [...(first?.stored.planes ?? [])].every(([key, form]) => {
      const own = stored.planes.get(key)
      return own !== undefined && sameForm(own, form)
    })
    return fits || lose('has images of another type or shape than other modules: it cannot be stacked')
  })
  return { agreed, first }
}

/** Image data, gain or mask of all modules of a train. */
class StackedPlane {
  readonly key: string
  readonly array: BridgeArray
  readonly #frames: number
  /** Planes of a module's frame, and bytes of one. */
  readonly #planes: number
  readonly #bytes: number
  readonly #modules: number

  constructor(key: string, { dtype, row }: FrameForm, frames: number, { detector }: StoredRun) {
    const [slowScan = 0, fastScan = 0] = row.slice(-2)
    const before = row.slice(0, -2)
    this.key = key
    this.#frames = frames
    this.#planes = productOf(before)
    this.#bytes = pixelsOf({ slowScan, fastScan }) * DTYPE_BYTES[dtype]
    this.#modules = detector.moduleCount
    const shape = [frames, ...before, this.#modules, slowScan, fastScan]
    this.array = { dtype, shape, data: newMemory(productOf(shape) * DTYPE_BYTES[dtype]) }
  }

  /** Where the planes of each of a module's frames go. */
  piecesOf(module: number): (i: number) => Uint8Array[] {
    return i =>
      Array.from({ length: this.#planes }, (_, plane) => {
        const at = ((i * this.#planes + plane) * this.#modules + module) * this.#bytes
        return this.array.data.subarray(at, at + this.#bytes)
      })
  }

  /** Makes a module missing. */
  fill(module: number): void {
    const pieces = this.piecesOf(module)
    const value = missingValue(this.key, this.array)
    for (let i = 0; i < this.#frames; i++) for (const piece of pieces(i)) fillPattern(piece, value)
  }
}

/** One element, little-endian, of a module that is not there; undefined: 0. */
function missingValue(key: string, { dtype }: BridgeArray): Uint8Array | undefined {
  if (dtype === 'f4') return new Uint8Array(Float32Array.of(Number.NaN).buffer)
  if (dtype === 'f8') return new Uint8Array(Float64Array.of(Number.NaN).buffer)
  const isMask = key === 'image.mask' && dtype === 'u4'
  return isMask ? new Uint8Array(Uint32Array.of(1 << BAD_PIXELS.VALUE_IS_NAN).buffer) : undefined
}
