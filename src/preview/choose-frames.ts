import { UsageError } from '../model/errors.js'
import type { ModuleIndex, TrainId } from '../model/ids.js'
import type { ModuleFile, StoredRun } from '../sources/run/run.js'
import { MEAN_OF, type PreviewOptions } from './options.js'

/** A frame of the whole detector. */
export interface ChosenFrame {
  readonly trainId: TrainId
  readonly pulseId: number
  /** Among the frames of its train, in the module that has most of them. */
  readonly position: number
}

/** Rows of one train in a file of a module. */
export interface TrainPlace {
  readonly file: ModuleFile
  readonly first: number
  readonly count: number
}

/** Where each module has each train. */
export type TrainPlaces = ReadonlyMap<ModuleIndex, ReadonlyMap<TrainId, TrainPlace>>

/** Modules of the run that are wanted, with their trains that have frames. @throws UsageError if there is none. */
export function trainPlaces(run: StoredRun, modules: readonly ModuleIndex[] | undefined): TrainPlaces {
  const wanted = [...run.modules].filter(([module]) => modules?.includes(module) ?? true)
  if (wanted.length === 0)
    throw new UsageError('has none of the modules that --modules names', {
      place: { file: run.path },
      hint: `It has modules ${[...run.modules.keys()].join(', ')}`,
    })
  return new Map(
    wanted.map(([module, files]) => {
      const places = files.flatMap(file =>
        file.trains
          .filter(({ image }) => image.count > 0)
          .map(({ trainId, image }) => [trainId, { file, first: image.first, count: image.count }] as const),
      )
      return [module, new Map(places)]
    }),
  )
}

/**
 * The frames to take the mean of: those that the options select, or so many of them as `mean` says, spread evenly: of n
 * frames k are the ones at i·n/k, rounded down. Pulses of a train are those of the module that has most of its frames.
 * @throws UsageError if none is selected.
 */
export function chooseFrames(run: StoredRun, places: TrainPlaces, options: PreviewOptions): ChosenFrame[] {
  const { train, mean = MEAN_OF } = options
  if (!(Number.isInteger(mean) && mean >= 1))
    throw new UsageError(`--mean ${mean} is not a number of frames`, { hint: 'Use 1 or more' })
  const trains = run.trainIds.filter(id => train === undefined || id === train)
  const ofTrains = trains.map(trainId => framesOf(trainId, fullest(places, trainId), options))
  const total = ofTrains.reduce((sum, frames) => sum + frames.length, 0)
  if (total === 0) throw nothingChosen(run, options)
  const wanted = Math.min(total, mean)
  const chosen: ChosenFrame[] = []
  let before = 0
  for (const frames of ofTrains) {
    for (; chosen.length < wanted; ) {
      const next = Math.floor((chosen.length * total) / wanted) - before
      if (next >= frames.length) break
      chosen.push(frames.at(next))
    }
    before += frames.length
  }
  return chosen
}

interface FrameList {
  readonly length: number
  at(index: number): ChosenFrame
}

function framesOf(
  trainId: TrainId,
  place: TrainPlace | undefined,
  { pulse, frame }: PreviewOptions,
): FrameList {
  if (!place) return { length: 0, at: () => ({ trainId, position: 0, pulseId: Number.NaN }) }
  const pulseIds = place.file.pulseIds.subarray(place.first, place.first + place.count)
  const at = (position: number) => ({ trainId, position, pulseId: pulseIds[position] ?? Number.NaN })
  if (pulse === undefined && frame === undefined) return { length: pulseIds.length, at }
  const only = frame ?? pulseIds.indexOf(pulse ?? Number.NaN)
  return { length: only >= 0 && only < pulseIds.length ? 1 : 0, at: () => at(only) }
}

function fullest(places: TrainPlaces, trainId: TrainId): TrainPlace | undefined {
  let most: TrainPlace | undefined
  for (const trains of places.values()) {
    const place = trains.get(trainId)
    if (place && place.count > (most?.count ?? 0)) most = place
  }
  return most
}

function nothingChosen(run: StoredRun, { train, pulse, frame }: PreviewOptions): UsageError {
  const asked = [
    ...(train === undefined ? [] : [`train ${train}`]),
    ...(pulse === undefined ? [] : [`pulse ${pulse}`]),
    ...(frame === undefined ? [] : [`frame ${frame}`]),
  ]
  return new UsageError(`has no frame${asked.length > 0 ? ` of ${asked.join(', ')}` : ''}`, {
    place: { file: run.path },
    hint: `It has ${run.trainIds.length} trains, ${run.trainIds[0]} to ${run.trainIds.at(-1)}; see detcal inspect`,
  })
}
