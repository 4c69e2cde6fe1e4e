import { PULSE_LIMIT } from '../../model/ids.js'
import type { ControlReader, FramesOfFile, RunPart } from './reader.js'
import { knownOf } from './values.js'

/** For detectors without control data: the conditions that follow from the frames. */
export const framesAlone: ControlReader = async () => ({
  conditionsOf: run => ({
    ...knownOf({
      'Memory cells': { frames: memoryCellsOf(run) },
      'Acquisition rate': { frames: acquisitionRateOf(run) },
    }),
    gainMode: undefined,
    problems: [],
  }),
})

/** The smallest number of cells the detector is operated with that holds every cell id. */
export function memoryCellsOf(run: RunPart): number | undefined {
  const most = highestCellOf(run)
  return most === undefined ? undefined : run.detector.cellOptions.find(option => option > most)
}

/** From so many modules on, one that is alone with a cell is not believed: all store a pulse in the same one. */
const WITNESSES = 3

/** The highest cell id of a frame; of three modules and more one that two of them have, as one may be spoilt. */
export function highestCellOf({ detector, modules }: RunPart): number | undefined {
  const found = [...modules.values()].map(files => highestOf(files, detector.maxCells)).sort((a, b) => b - a)
  const most = found.length < WITNESSES ? found[0] : found[1]
  return most === undefined || most < 0 ? undefined : most
}

function highestOf(files: readonly FramesOfFile[], maxCells: number): number {
  let most = -1
  for (const { cellIds, trains } of files)
    for (const { image } of trains)
      for (let row = image.first; row < image.first + image.count; row++)
        if ((cellIds[row] ?? 0) < maxCells) most = Math.max(most, cellIds[row] ?? 0)
  return most
}

/** MHz, from the smallest distance between pulses of a train that most of the first trains agree on. */
export function acquisitionRateOf(run: RunPart): number | undefined {
  const distances = firstTrains(run, 'pulseIds', 2).flatMap(pulses => {
    const steps = pulses.slice(1).map((pulse, i) => pulse - (pulses[i] ?? 0))
    const rising = steps.filter(step => step > 0)
    return rising.length > 0 ? [rising.reduce((a, b) => Math.min(a, b))] : []
  })
  const step = mostFrequent(distances, String)
  return step === undefined ? undefined : Math.floor(45 / step) / 10
}

/** The `pulseIds` or `cellIds` of a train that most of the first trains agree on. */
export function firstTrain(run: RunPart, ids: 'pulseIds' | 'cellIds'): number[] | undefined {
  return mostFrequent(firstTrains(run, ids, 1), list => list.join())
}

/** Trains of each module that are considered: enough to outvote one damaged id. */
const LOOKED_AT = 3

/** Ids of the first trains of each module that have `least` frames and no impossible id. */
function firstTrains({ detector, modules }: RunPart, ids: 'pulseIds' | 'cellIds', least: number): number[][] {
  const limit = ids === 'cellIds' ? detector.maxCells : PULSE_LIMIT
  return [...modules.values()].flatMap(files => {
    const found: number[][] = []
    for (const file of files)
      for (const { image } of file.trains) {
        if (found.length === LOOKED_AT) return found
        const list = Array.from(file[ids].subarray(image.first, image.first + image.count))
        if (list.length >= least && list.every(id => id >= 0 && id < limit && Number.isInteger(id)))
          found.push(list)
      }
    return found
  })
}

/** The value that occurs most; of several the first. */
function mostFrequent<T>(values: readonly T[], keyOf: (value: T) => string): T | undefined {
  const counts = new Map<string, { readonly value: T; count: number }>()
  for (const value of values) {
    const found = counts.get(keyOf(value)) ?? { value, count: 0 }
    counts.set(keyOf(value), { value: found.value, count: found.count + 1 })
  }
  return [...counts.values()].reduce<{ readonly value: T; count: number } | undefined>(
    (best, next) => (best && best.count >= next.count ? best : next),
    undefined,
  )?.value
}
