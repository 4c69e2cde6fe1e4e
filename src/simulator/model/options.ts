import type { Detector } from '../../detectors/detector.js'
import type { NewExdf } from '../../exdf/description.js'
import { UsageError } from '../../model/errors.js'
import type { GainStage, ModuleIndex } from '../../model/ids.js'

/** What is simulated. Plain data. */
export interface SimulationOptions {
  readonly detector: Detector
  readonly modules: readonly ModuleIndex[]
  readonly proposal: number
  readonly run: number
  /** Trains of the run and memory cells, one frame each, of a train. */
  readonly trains: number
  readonly cells: number
  readonly trainsPerFile: number
  readonly kind: 'photons' | 'dark'
  /** The stage all pixels are forced into; undefined: adaptive. */
  readonly stage: GainStage | undefined
  /** Every pulse is stored once in each gain stage. */
  readonly parallelGain?: boolean
  /** Every how many frames there is light, the first included, as a LitFrameFinder and a gas monitor tell; absent: always. */
  readonly litEvery?: number
  /** keV of a photon. */
  readonly energy: number
  /** Share of pixels that a strong reflection makes leave high gain. */
  readonly switched: number
  /** ADU: standard deviation of the common mode of an ASIC in an image, and of a pixel in a row of cells; absent: 0. */
  readonly commonMode?: number
  /** ADU: by up to this the baseline of a module lies too low in an image; absent: 0. */
  readonly baselineShift?: number
  readonly seed: number
  readonly formatVersion: NewExdf['version']
}

/** Raw frames of a pulse. */
export function rawFramesOf({ detector, parallelGain }: SimulationOptions): number {
  return parallelGain ? (detector.parallelFrames ?? 1) : 1
}

/** Whether a frame of a photon run has light. */
export function isLit({ litEvery = 1 }: Pick<SimulationOptions, 'litEvery'>, cell: number): boolean {
  return cell % litEvery === 0
}

/** Frames a train that a LitFrameFinder tells of. */
const MOST_TOLD = 352

/** Trains a run may have: train ids of different runs must not overlap. */
const MOST_TRAINS = 1_000_000

/** @throws UsageError naming the impossible option. */
export function checkOptions(options: SimulationOptions): void {
  const { detector, modules, trains, cells, trainsPerFile, run, proposal, seed, energy, switched } = options
  whole('--trains', trains, 1, MOST_TRAINS)
  whole('--cells', cells, 1, detector.maxCells)
  whole('--trains-per-file', trainsPerFile, 1, MOST_TRAINS)
  whole('--run', run, 1, 9999)
  whole('--proposal', proposal, 1, 999_999)
  whole('--seed', seed, 0, Number.MAX_SAFE_INTEGER)
  if (options.litEvery !== undefined) {
    whole('--lit-every', options.litEvery, 1, MOST_TOLD)
    if (options.kind === 'dark' || cells > MOST_TOLD)
      throw new UsageError(`--lit-every is for runs with light and at most ${MOST_TOLD} cells`)
  }
  if (Math.ceil(trains / trainsPerFile) > 100_000)
    throw new UsageError('more than 100000 files a module', { hint: 'Give a larger --trains-per-file' })
  if (!(energy > 0 && energy <= 100))
    throw new UsageError(`--photon-energy ${energy} is not above 0 and at most 100 keV`)
  if (!(switched >= 0 && switched <= 1)) throw new UsageError(`--switched ${switched} is not a share, 0 to 1`)
  for (const [option, adu = 0] of [
    ['--common-mode', options.commonMode],
    ['--baseline-shift', options.baselineShift],
  ] as const)
    if (!(adu >= 0 && adu <= 1000)) throw new UsageError(`${option} ${adu} is not 0 to 1000 ADU`)
  if (options.parallelGain && detector.parallelFrames === undefined)
    throw new UsageError(`${detector.name} has no parallel gain`, { hint: 'Leave --parallel-gain out' })
  if (options.parallelGain && options.stage !== undefined)
    throw new UsageError('in parallel gain every stage is stored', { hint: 'Leave --gain-stage out' })
  if (options.stage !== undefined && options.stage >= detector.stages)
    throw new UsageError(`${detector.name} has no gain stages to choose from`, {
      hint: 'Leave --gain-stage out',
    })
  if (modules.length === 0)
    throw new UsageError('no module to simulate', { hint: 'Give --modules, as in 0,3,5-7' })
}

function whole(option: string, value: number, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new UsageError(`${option} ${value} is not a whole number from ${least} to ${most}`)
}
