import { createHash } from 'node:crypto'
import { assemble } from '../geometry/assemble.js'
import type { SnappedTable } from '../geometry/snap.js'
import type { ModuleIndex } from '../model/ids.js'
import type { Problem } from '../model/problem.js'
import type { StoredRun } from '../sources/run/run.js'
import { type ChosenFrame, chooseFrames, trainPlaces } from './choose-frames.js'
import { meanOf } from './frame-sums.js'
import { layerOf, type PreviewLayer, type PreviewOptions } from './options.js'
import { sumOfModule } from './read-module.js'

/** One image of the whole detector, and what it is of. */
export interface PreviewImage {
  readonly layer: PreviewLayer
  /** Whether pixels whose mask is not 0 were left out. */
  readonly masked: boolean
  readonly height: number
  readonly width: number
  /** `[y, x]` of the beam. */
  readonly centre: readonly [y: number, x: number]
  /** `[y][x]`, row 0 being the lowest y, column 0 the lowest x; NaN: gaps, missing modules, pixels without a number. */
  readonly values: Float32Array
  /** The frames that it is the mean of: one, or several. */
  readonly frames: readonly ChosenFrame[]
  /** Modules that have any of them. */
  readonly modules: readonly ModuleIndex[]
  /** The run's, and modules that lack frames. */
  readonly problems: readonly Problem[]
}

/**
 * The image of one frame, or the mean of several: pixel by pixel, of the values that are numbers, summed in order of trains in
 * f64 and rounded once to f32. The mean of one frame is that frame, to the last bit.
 * @throws UsageError if no frame is selected, or the run has no such layer.
 */
export async function previewImage(
  run: StoredRun,
  table: SnappedTable,
  options: PreviewOptions = {},
): Promise<PreviewImage> {
  const { detector } = run
  const layer = layerOf(run, options)
  const places = trainPlaces(run, options.modules)
  const frames = chooseFrames(run, places, options)
  const planes = new Array<Float32Array | undefined>(table.shape.modules).fill(undefined)
  const modules: ModuleIndex[] = []
  const problems: Problem[] = [...run.problems]
  for (const module of places.keys()) {
    const found = await sumOfModule(module, places, frames, { detector, layer, signal: options.signal })
    problems.push(...found.problems)
    if (found.frames < frames.length) problems.push(missing(module, frames.length - found.frames, frames))
    if (found.frames === 0) continue
    planes[module] = meanOf(found.sums)
    modules.push(module)
  }
  const values = new Float32Array(table.pixels.length)
  assemble(table, planes, values)
  const { height, width, centre } = table
  const { layer: name, masked } = layer
  return { layer: name, masked, height, width, centre, values, frames, modules, problems }
}

function missing(module: ModuleIndex, count: number, frames: readonly ChosenFrame[]): Problem {
  const message = `${count} of the ${frames.length} frames shown are not there`
  return { check: 'frames_present', severity: 'warning', message, place: { module } }
}

/** SHA-256 of the values, f32 little-endian, `[y][x]`: what another program that draws the same image has, too. */
export function imageHash({ values }: Pick<PreviewImage, 'values'>): string {
  const { buffer, byteOffset, byteLength } = values
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex')
}
