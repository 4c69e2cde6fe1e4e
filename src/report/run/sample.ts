import { basename } from 'node:path'
import { type DarkMap, MapSums } from '../../../constants/dark/preview.js'
import { BAD_PIXELS, badPixelNames } from '../../../constants/model/bad-pixels.js'
import type { Detector } from '../../detectors/detector.js'
import { instrumentPath } from '../../exdf/euxfel-layout.js'
import { readExdf } from '../../exdf/file.js'
import type { ModuleIndex } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { chooseFrames, trainPlaces } from '../../preview/choose-frames.js'
import { planeReader, rowsByFile } from '../../preview/read-module.js'
import type { StoredRun } from '../../sources/run/run.js'
import { fileProblem } from '../../sources/run/run-folder.js'

/** Frames that are read back at most: few enough to take seconds, spread over all trains. */
const SAMPLED = 100

/** What some frames of a module look like. */
export interface ModuleSample {
  readonly module: ModuleIndex
  /** How many of the frames it has. */
  readonly frames: number
  /** Mean over the frames of pixels that are not bad; NaN where there is none. */
  readonly mean: DarkMap
  /** Share of the frames in which a pixel is bad. */
  readonly bad: DarkMap
  /** Mean of all values of pixels that are not bad; NaN if there is none. */
  readonly signal: number
  /** (pixel, frame) that are not bad, by gain stage: high, medium, low. */
  readonly stages: readonly number[]
  /** (pixel, frame) whose mask has a bit, by its name. */
  readonly bits: Readonly<Record<string, number>>
  /** (pixel, frame) that are bad, and all. */
  readonly badValues: number
  readonly values: number
}

/** What was read back of a run. */
export interface RunSample {
  /** Frames of the detector that were read. */
  readonly frames: number
  readonly modules: readonly ModuleSample[]
  readonly problems: readonly Problem[]
}

/** Such a bit tells of a pixel's size, and does not condemn it. */
const CONDEMNING = ~(1 << BAD_PIXELS.NON_STANDARD_SIZE)

/**
 * Reads frames of a corrected run back, spread evenly over it, one at a time: data, gain and mask.
 * @param files names of the CORR files that count; others in the folder are of other corrections.
 */
export async function sampleRun(
  run: StoredRun,
  files: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<RunSample> {
  const own = [...run.modules].map(
    ([module, all]) => [module, all.filter(({ path }) => files.has(basename(path)))] as const,
  )
  const modules = new Map(own.filter(([, left]) => left.some(({ frames }) => frames > 0)))
  if (modules.size === 0) return { frames: 0, modules: [], problems: [] }
  const places = trainPlaces({ ...run, modules }, undefined)
  const frames = chooseFrames(run, places, { mean: SAMPLED })
  const samples: ModuleSample[] = []
  const problems: Problem[] = []
  for (const module of places.keys()) {
    const sums = new SampleSums(run.detector)
    for (const { file, rows } of rowsByFile(module, places, frames)) {
      signal?.throwIfAborted()
      try {
        // A file may be read again from its start, by another reader: so each begins anew.
        const read = await readExdf(
          file.path,
          exdf => {
            const own = new SampleSums(run.detector)
            const reader = (name: string) =>
              planeReader(exdf, instrumentPath(file.source, `image/${name}`), run.detector, undefined)
            const [data, gain, mask] = [reader('data'), reader('gain'), reader('mask')]
            for (const row of rows) own.add(data(row), gain(row), mask(row))
            return own
          },
          file.facts,
        )
        sums.merge(read)
      } catch (error) {
        problems.push(fileProblem(error, file.path, module))
      }
    }
    if (sums.frames > 0) samples.push(sums.sample(module))
  }
  return { frames: samples.length === 0 ? 0 : frames.length, modules: samples, problems }
}

/** Sums over frames of a module. */
class SampleSums {
  frames = 0
  readonly #detector: Detector
  readonly #sums: Float64Array
  readonly #counts: Uint32Array
  readonly #bad: Uint32Array
  readonly #stages: Float64Array
  readonly #bits = new Float64Array(32)

  constructor(detector: Detector) {
    const pixels = detector.slowScan * detector.fastScan
    this.#detector = detector
    this.#sums = new Float64Array(pixels)
    this.#counts = new Uint32Array(pixels)
    this.#bad = new Uint32Array(pixels)
    this.#stages = new Float64Array(detector.stages)
  }

  add(data: ArrayLike<number>, gain: ArrayLike<number>, mask: ArrayLike<number>): void {
    this.frames++
    for (let pixel = 0; pixel < this.#sums.length; pixel++) {
      const bits = mask[pixel] as number
      if (bits !== 0)
        for (let left = bits; left !== 0; left &= left - 1)
          (this.#bits[31 - Math.clz32(left & -left)] as number)++
      if (bits & CONDEMNING) {
        ;(this.#bad[pixel] as number)++
        continue
      }
      const stage = gain[pixel] as number
      if (stage < this.#stages.length) (this.#stages[stage] as number)++
      const value = data[pixel] as number
      if (!Number.isFinite(value)) continue
      this.#sums[pixel] = (this.#sums[pixel] as number) + value
      ;(this.#counts[pixel] as number)++
    }
  }

  /** Adds what was summed of another file. */
  merge(other: SampleSums): void {
    this.frames += other.frames
    addTo(this.#sums, other.#sums)
    addTo(this.#counts, other.#counts)
    addTo(this.#bad, other.#bad)
    addTo(this.#stages, other.#stages)
    addTo(this.#bits, other.#bits)
  }

  sample(module: ModuleIndex): ModuleSample {
    const { slowScan, fastScan } = this.#detector
    const [mean, bad] = [new MapSums({ slowScan, fastScan }), new MapSums({ slowScan, fastScan })]
    let [total, numbers, badValues] = [0, 0, 0]
    for (let pixel = 0; pixel < this.#sums.length; pixel++) {
      const at = [Math.floor(pixel / fastScan), pixel % fastScan] as const
      const [sum = 0, count = 0, wrong = 0] = [this.#sums[pixel], this.#counts[pixel], this.#bad[pixel]]
      if (count > 0) mean.add(...at, sum / count)
      bad.add(...at, wrong / this.frames)
      total += sum
      numbers += count
      badValues += wrong
    }
    const bits = [...this.#bits].flatMap((count, bit) =>
      count === 0 ? [] : [[badPixelNames((1 << bit) >>> 0)[0] ?? '', count] as const],
    )
    return {
      ...{ module, frames: this.frames, mean: mean.map(), bad: bad.map() },
      ...{ signal: total / numbers, stages: [...this.#stages], bits: Object.fromEntries(bits) },
      ...{ badValues, values: this.frames * this.#sums.length },
    }
  }
}

function addTo(sums: Float64Array | Uint32Array, more: Float64Array | Uint32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (more[i] as number)
}
