import { UsageError } from '../../model/errors.js'
import type { TrainId } from '../../model/ids.js'
import { type PulseTable, pulseAt, readPulseTable } from './pulse-table.js'
import type { Run } from './run.js'
import { shortList } from './short-list.js'
import { readTrainValues } from './train-values.js'

/** What tells which frames are lit: `device` a LitFrameFinder, frame by frame; `energy` a gas monitor, train by train. */
export const LITFRAME_MODES = ['off', 'device', 'energy'] as const

/** Which frames of a run are lit. */
export interface LitFrames {
  /** The source or device that says so, and a file that has it. */
  readonly source: string
  readonly file: string
  /**
   * Says of each frame of a train, by its pulse id, whether it is lit; of one that the source knows nothing of, undefined.
   * Undefined itself: the source does not tell of the train.
   */
  ofTrain(trainId: TrainId): ((pulseId: number) => boolean | undefined) | undefined
}

/** How lit frames are asked for. */
export interface LitFramesRequest {
  readonly litframe: (typeof LITFRAME_MODES)[number]
  /** Name of the source, needed where the run has several. */
  readonly litframeSource?: string | undefined
  /** µJ: frames, or trains, with more are lit. */
  readonly energyThreshold?: number | undefined
}

const FINDER = /\/REDU\/LITFRM:output$/
const MONITOR = /\/XGM\/DOOCS$/
/** Mean energy of the train's pulses, µJ. */
const TRAIN_ENERGY = 'pulseEnergy.photonFlux'

/**
 * Reads what tells of light. A frame is lit if a LitFrameFinder counts a pulse in it and, with a threshold, more energy; or,
 * of a gas monitor's control data, if its train's pulses have more on average.
 * @throws UsageError if the run has no such source, or several and none is named. @throws DataError if it cannot be read.
 */
export async function readLitFrames(run: Run, request: LitFramesRequest): Promise<LitFrames | undefined> {
  const { litframe, energyThreshold } = request
  if (litframe === 'off') {
    if (energyThreshold !== undefined)
      throw new UsageError('--energy-threshold needs --litframe', { hint: 'Add --litframe device or energy' })
    return undefined
  }
  return litframe === 'device'
    ? litByFinder(await pulseTableOf(run, request), request)
    : litByMonitor(run, request)
}

/** The table of the run's LitFrameFinder. @throws as {@link readLitFrames}. */
export async function pulseTableOf(
  run: Run,
  { litframe, litframeSource }: Pick<LitFramesRequest, 'litframe' | 'litframeSource'>,
): Promise<PulseTable> {
  // With `energy` the name is that of a gas monitor.
  const named = litframe === 'energy' ? undefined : litframeSource?.replace(/(:output)?$/, ':output')
  const sources = run.files.flatMap(({ facts }) => [...facts.instrumentSources.keys()])
  return readPulseTable(run.files, chosen(run, sources, FINDER, 'LitFrameFinder', named))
}

function litByFinder({ source, file, trains }: PulseTable, { energyThreshold }: LitFramesRequest): LitFrames {
  return {
    source,
    file,
    ofTrain: trainId => {
      const train = trains.get(trainId)
      if (train === undefined) return undefined
      const find = pulseAt(train)
      return pulseId => {
        const frame = find(pulseId)
        if (frame === undefined) return undefined
        const enough = energyThreshold === undefined || (train.energies[frame] ?? 0) > energyThreshold
        return (train.pulses[frame] ?? 0) > 0 && enough
      }
    },
  }
}

async function litByMonitor(
  run: Run,
  { litframeSource, energyThreshold }: LitFramesRequest,
): Promise<LitFrames> {
  if (energyThreshold === undefined)
    throw new UsageError('--litframe energy needs a threshold', { hint: 'Add --energy-threshold, in µJ' })
  const devices = run.files.flatMap(({ controlSources }) => controlSources)
  const source = chosen(run, devices, MONITOR, 'gas monitor (XGM)', litframeSource)
  const { file, values } = await readTrainValues(run.files, source, TRAIN_ENERGY)
  return {
    source,
    file,
    ofTrain: trainId => {
      const energy = values.get(trainId)
      return energy === undefined || Number.isNaN(energy) ? undefined : () => energy > energyThreshold
    },
  }
}

function chosen(
  run: Run,
  there: readonly string[],
  pattern: RegExp,
  what: string,
  named: string | undefined,
): string {
  const all = [...new Set(there)]
  const fitting = all.filter(name => pattern.test(name))
  const [only, ...others] = named === undefined ? fitting : all.filter(name => name === named)
  if (only !== undefined && others.length === 0) return only
  const place = { file: run.path }
  if (only !== undefined)
    throw new UsageError(`the run has several sources of a ${what}: ${fitting.join(', ')}`, {
      place,
      hint: 'Choose one with --litframe-source',
    })
  throw new UsageError(`the run has no ${named === undefined ? `source of a ${what}` : `source ${named}`}`, {
    place,
    hint:
      fitting.length > 0
        ? `It has ${shortList(fitting)}`
        : 'Leave --litframe out, or add the files that have it to the run folder',
  })
}
