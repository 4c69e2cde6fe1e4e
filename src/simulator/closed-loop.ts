import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findDataset, openDataset, readHdf5, readNumbers, requireDataset, rowsOf } from '../hdf5/index.js'
import { kitOf } from '../kits/index.js'
import { arrayOf, type DType, type TypedArrayOf } from '../model/dtypes.js'
import { type ModuleIndex, twoDigits } from '../model/ids.js'
import { type ModuleModel, photonGainOf } from './model/module-model.js'
import type { SimulationOptions } from './model/options.js'
import { modelModule } from './model-module.js'
import { isSeam } from './pattern.js'

/** A simulated photon run that was corrected, and its truth. */
export interface ClosedLoop {
  /** What was simulated. */
  readonly options: SimulationOptions
  /** The truth file of the run. */
  readonly truth: string
  /** Folder of its CORR files. */
  readonly corrected: string
  /** Trains of each dark run that its constants are made from. */
  readonly darkTrains: number
}

/** Corrected minus true signal, over unmasked pixels, in ADU of the stage they measured in. */
export interface Residual {
  readonly values: number
  readonly bias: number
  readonly rms: number
  /** Predicted rms: noise, digitisation and the error of the dark median together. */
  readonly predicted: number
}

/** rms over trains of single (cell, pixel), each divided by its prediction. */
export interface PixelResiduals {
  /** (cell, pixel) that have enough trains. */
  readonly values: number
  /** Root of the mean square. */
  readonly rms: number
  readonly largest: number
  /** Share above 1.1: with few trains it scatters. */
  readonly above: number
}

/** Least trains for an rms. */
const LEAST_TRAINS = 8
const TOLERATED = 1.1

/** How far a correction is from the truth. */
export interface Residuals {
  /** By stage a pixel measured in: high, medium, low. */
  readonly stages: readonly Residual[]
  /** For each (cell, pixel), over trains in high gain. */
  readonly pixels: PixelResiduals
  /** Largest bias of any memory cell, any ASIC (64 × 64 pixels) and the rows at the seams of ASICs, in high gain. */
  readonly worst: { readonly cell: number; readonly asic: number; readonly seam: number }
  /** Centres of the high-gain values around 0, 1 and 2 photons, minus the true positions: ADU. */
  readonly peaks: readonly number[]
  readonly masked: number
  /** Unmasked pixels that were assigned another stage than they measured in. */
  readonly misassigned: number
}

/**
 * Compares the CORR files of a simulated run, corrected with the default steps, with its truth.
 * @throws DataError if a file cannot be read.
 */
export async function compareWithTruth({
  options,
  truth,
  corrected,
  darkTrains,
}: ClosedLoop): Promise<Residuals> {
  const { detector, modules, cells, energy, seed } = options
  const sums = new Sums(darkTrains)
  const trainIds = await columnOf(truth, 'trainId')
  for (const module of modules) {
    const model = modelModule(kitOf(detector), module, cells, energy, seed)
    const at = `module${twoDigits(module)}`
    const photons = await framesOf(truth, `${at}/photons`, 'u2')
    const stages = await framesOf(truth, `${at}/stage`, 'u1')
    const name = `-${detector.aggregator}${twoDigits(module)}-`
    const files = readdirSync(corrected).filter(file => file.includes(name) && file.endsWith('.h5'))
    for (const file of files)
      await eachFrame(join(corrected, file), options, module, ({ frame, trainId, cell }) => {
        const row = trainIds.indexOf(trainId) + cell
        sums.add(model, detector, cell, { ...frame, photons: photons.at(row), stages: stages.at(row) })
      })
    photons.close()
    stages.close()
    sums.endModule()
  }
  return sums.result()
}

interface Frame {
  readonly data: Float32Array
  readonly gain: Uint8Array
  readonly mask: Uint32Array
}

async function eachFrame(
  corr: string,
  { detector }: SimulationOptions,
  module: ModuleIndex,
  use: (found: { frame: Frame; trainId: number; cell: number }) => void,
): Promise<void> {
  const image = `INSTRUMENT/${detector.karaboId}/CORR/${module}CH0:output/image`
  const trainIds = await columnOf(corr, `${image}/trainId`)
  const cellIds = await columnOf(corr, `${image}/cellId`)
  const data = await framesOf(corr, `${image}/data`, 'f4')
  const gain = await framesOf(corr, `${image}/gain`, 'u1')
  const mask = await framesOf(corr, `${image}/mask`, 'u4')
  try {
    for (const [i, trainId] of trainIds.entries()) {
      const frame = { data: data.at(i), gain: gain.at(i), mask: mask.at(i) }
      use({ frame, trainId, cell: cellIds[i] ?? 0 })
    }
  } finally {
    for (const frames of [data, gain, mask]) frames.close()
  }
}

function columnOf(file: string, path: string): Promise<Float64Array> {
  return readHdf5(file, opened => {
    const dataset = requireDataset(opened, path)
    return readNumbers(dataset, rowsOf(dataset))
  })
}

/** Frames of a dataset (frame, slow scan, fast scan), read one by one into the same array. */
async function framesOf<D extends DType>(file: string, dataset: string, dtype: D) {
  const { located, shape } = await findDataset(file, dataset)
  const [, slowScan = 0, fastScan = 0] = shape
  const frame = arrayOf(dtype, slowScan * fastScan)
  const slabs = await openDataset({ file, dataset }, located)
  return {
    at(row: number): TypedArrayOf<D> {
      slabs.read([row, 0, 0], [1, slowScan, fastScan], new Uint8Array(frame.buffer))
      return frame
    },
    close: slabs.close,
  }
}

/** Sums of residuals, of their squares and of the predicted squares. */
class Tally {
  count = 0
  sum = 0
  squares = 0
  predicted = 0

  add(residual: number, variance: number): void {
    this.count++
    this.sum += residual
    this.squares += residual * residual
    this.predicted += variance
  }

  get bias(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  result(): Residual {
    const rms = (sum: number) => Math.sqrt(sum / Math.max(1, this.count))
    return { values: this.count, bias: this.bias, rms: rms(this.squares), predicted: rms(this.predicted) }
  }
}

/** Variance of rounding to whole ADU. */
const DIGITISATION = 1 / 12
const ASIC = 64

class Sums {
  /** Variance of a median over that of one sample. */
  readonly #median: number
  readonly #stages = [new Tally(), new Tally(), new Tally()]
  readonly #peaks = [new Tally(), new Tally(), new Tally()]
  readonly #seam = new Tally()
  readonly #cells = new Map<number, Tally>()
  /** By cell of the current module. */
  #pixels = new Map<number, PixelSums>()
  readonly #ratios = { values: 0, squares: 0, largest: 0, above: 0 }
  #asics = new Map<number, Tally>()
  #worstAsic = 0
  #masked = 0
  #misassigned = 0

  constructor(darkTrains: number) {
    this.#median = Math.PI / 2 / darkTrains
  }

  add(
    model: ModuleModel,
    { slowScan, fastScan }: SimulationOptions['detector'],
    cell: number,
    { data, gain, mask, photons, stages }: Frame & { photons: Uint16Array; stages: Uint8Array },
  ): void {
    const ofCell = tallyOf(this.#cells, cell)
    const ofPixels = this.#pixels.get(cell) ?? new PixelSums(data.length)
    this.#pixels.set(cell, ofPixels)
    for (let pixel = 0; pixel < data.length; pixel++) {
      if (mask[pixel] !== 0) {
        this.#masked++
        continue
      }
      const stage = stages[pixel] ?? 0
      if (gain[pixel] !== stage) {
        this.#misassigned++
        continue
      }
      const photon = photonGainOf(model, cell, pixel)
      const value = data[pixel] ?? Number.NaN
      const residual = value - levelOf(model, pixel, stage, (photons[pixel] ?? 0) * photon)
      const noise = model.noise[stage as 0 | 1 | 2][pixel] ?? 0
      const variance = noise * noise * (1 + this.#median) + DIGITISATION
      this.#stages[stage]?.add(residual, variance)
      if (stage !== 0) continue
      const row = Math.floor(pixel / fastScan)
      ofCell.add(residual, variance)
      ofPixels.add(pixel, residual, variance)
      tallyOf(this.#asics, Math.floor(row / ASIC) * 8 + Math.floor((pixel % fastScan) / ASIC)).add(
        residual,
        variance,
      )
      if (isSeam(row, slowScan)) this.#seam.add(residual, variance)
      const nearest = Math.max(0, Math.round(value / photon))
      this.#peaks[nearest]?.add(value - nearest * photon, variance)
    }
  }

  endModule(): void {
    this.#worstAsic = Math.max(this.#worstAsic, worst(this.#asics))
    this.#asics = new Map()
    for (const sums of this.#pixels.values())
      for (const square of sums.ratios()) {
        this.#ratios.values++
        this.#ratios.squares += square
        this.#ratios.largest = Math.max(this.#ratios.largest, Math.sqrt(square))
        if (square > TOLERATED ** 2) this.#ratios.above++
      }
    this.#pixels = new Map()
  }

  #pixelResult(): PixelResiduals {
    const { values, squares, largest, above } = this.#ratios
    const share = (sum: number) => sum / Math.max(1, values)
    return { values, rms: Math.sqrt(share(squares)), largest, above: share(above) }
  }

  result(): Residuals {
    return {
      stages: this.#stages.map(tally => tally.result()),
      pixels: this.#pixelResult(),
      worst: { cell: worst(this.#cells), asic: this.#worstAsic, seam: Math.abs(this.#seam.bias) },
      peaks: this.#peaks.map(({ bias }) => bias),
      masked: this.#masked,
      misassigned: this.#misassigned,
    }
  }
}

/** Squares of residuals and predicted ones of every pixel of a cell. */
class PixelSums {
  readonly #squares: Float64Array
  readonly #predicted: Float64Array
  readonly #counts: Uint32Array

  constructor(pixels: number) {
    this.#squares = new Float64Array(pixels)
    this.#predicted = new Float64Array(pixels)
    this.#counts = new Uint32Array(pixels)
  }

  add(pixel: number, residual: number, variance: number): void {
    this.#squares[pixel] = (this.#squares[pixel] ?? 0) + residual * residual
    this.#predicted[pixel] = (this.#predicted[pixel] ?? 0) + variance
    this.#counts[pixel] = (this.#counts[pixel] ?? 0) + 1
  }

  /** Mean squares over the predicted ones, of pixels with enough trains. */
  *ratios(): Generator<number> {
    for (const [pixel, count] of this.#counts.entries())
      if (count >= LEAST_TRAINS) yield (this.#squares[pixel] ?? 0) / (this.#predicted[pixel] ?? 0)
  }
}

function tallyOf(tallies: Map<number, Tally>, key: number): Tally {
  const found = tallies.get(key) ?? new Tally()
  tallies.set(key, found)
  return found
}

function worst(tallies: ReadonlyMap<number, Tally>): number {
  return [...tallies.values()].reduce((most, { bias }) => Math.max(most, Math.abs(bias)), 0)
}

/** The reading, above the dark level, of `signal` ADU of high gain in a stage. */
function levelOf(
  { ratios, steps, physics }: ModuleModel,
  pixel: number,
  stage: number,
  signal: number,
): number {
  const ratio = ratios[pixel] ?? 1
  if (stage === 0) return signal
  return stage === 1 ? signal / ratio + (steps[pixel] ?? 0) : signal / (ratio * physics.lowRatio)
}
