import type { ModuleFile, TrainEntry } from '../run.js'
import type { RunPart } from './reader.js'

/** What the frames of a run themselves tell of its conditions. */

/** The smallest number of cells the detector is operated with that holds every cell id. */
export function memoryCellsOf({ detector, modules }: RunPart): number | undefined {
  let most = -1
  for (const files of modules.values())
    for (const { cellIds, trains } of files)
      for (const { image } of trains)
        for (let row = image.first; row < image.first + image.count; row++)
          if ((cellIds[row] ?? 0) < detector.maxCells) most = Math.max(most, cellIds[row] ?? 0)
  return most < 0 ? undefined : detector.cellOptions.find(option => option > most)
}

/** MHz from the smallest distance of pulses in a train, of the first module and train that has two. */
export function acquisitionRateOf(run: RunPart): number | undefined {
  for (const [{ pulseIds }, { image }] of trainsOf(run)) {
    const pulses = pulseIds.subarray(image.first, image.first + image.count)
    const steps = Array.from(pulses.subarray(1), (pulse, i) => pulse - (pulses[i] ?? 0)).filter(s => s > 0)
    if (steps.length > 0) return Math.floor(45 / steps.reduce((a, b) => Math.min(a, b))) / 10
  }
  return undefined
}

/** Ids, `pulseIds` or `cellIds`, of the first train with frames, of the lowest module that has one. */
export function firstTrain(run: RunPart, ids: 'pulseIds' | 'cellIds'): number[] | undefined {
  for (const [file, { image }] of trainsOf(run))
    if (image.count > 0) return Array.from(file[ids].subarray(image.first, image.first + image.count))
  return undefined
}

function* trainsOf({ modules }: RunPart): Generator<[ModuleFile, TrainEntry]> {
  for (const files of modules.values())
    for (const file of files) for (const train of file.trains) yield [file, train]
}
