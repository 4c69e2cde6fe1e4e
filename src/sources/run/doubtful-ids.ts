import type { Detector } from '../../detectors/detector.js'
import type { TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ConditionSource } from '../conditions/reader.js'
import { hasPulseTwice } from './doubtful-pulses.js'
import type { ReadModuleFile } from './module-file.js'
import type { ModuleFile } from './run.js'
import { shortList } from './short-list.js'

type Ids = Pick<ModuleFile, 'trains' | 'cellIds' | 'pulseIds'>

/** How the frames of a file were read. */
export interface Reading {
  readonly detector: Detector
  /** Raw frames of a pulse. */
  readonly rawFrames: number
  /** What tells whether it was parallel gain; undefined: nothing. */
  readonly parallelFrom: ConditionSource | undefined
  readonly place: Problem['place']
}

/**
 * The file without the frames of trains that have a cell twice: which constants belong to them is unknown. Those, trains
 * with a pulse twice, and trains whose ids contradict what is told of parallel gain, are named.
 * @param contrary trains whose pulse ids contradict `rawFrames`.
 */
export function doubtfulIds<F extends Ids>(
  file: F,
  contrary: ReadModuleFile['contrary'],
  { detector, rawFrames, parallelFrom, place }: Reading,
): { readonly file: F; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const name = (check: string, severity: Problem['severity'], trains: readonly TrainId[], what: string) => {
    const [train] = trains
    if (train === undefined) return
    const message = trains.length === 1 ? what : `${trains.length} trains (${shortList(trains, 5)}): ${what}`
    problems.push({ check, severity, message, place: { ...place, train } })
  }
  const canBeParallel = detector.parallelFrames !== undefined && rawFrames === 1
  const told = parallelFrom ?? 'assumed'
  if (canBeParallel)
    name('parallel_gain', 'error', contrary, `${ANEW}${AGAINST[told] ?? ''}: left out. ${SAY}`)
  else name('parallel_gain', 'warning', contrary, RISING[told] ?? '')
  const { cells, pulses } = repeated(file, detector)
  name('image_ids', 'error', cells, canBeParallel ? `${TWICE}. ${SAY}` : TWICE)
  name('image_ids', 'error', pulses, 'a pulse is there twice; corrected all the same, as its cells are not')
  return { file: withoutFrames(file, cells), problems }
}

const ANEW = 'pulse ids begin anew after a third of the frames, as they do in parallel gain'
const SAY = 'Say --parallel-gain if it was taken in parallel gain'
const TWICE = 'a cell is there twice, so that it is unknown which constants its frames need: left out'
const AGAINST: Readonly<Partial<Record<ConditionSource, string>>> = {
  'control data': ', which control data deny',
  option: ', which the option denies',
}
const RISING: Readonly<Partial<Record<ConditionSource, string>>> = {
  'control data':
    'control data tell of parallel gain, but pulse ids rise through the whole train. Say --no-parallel-gain if it was off',
  option: 'parallel gain as the option says, but pulse ids rise through the whole train',
}

/** Trains with a cell twice, and those with only a pulse twice. */
function repeated({ trains, cellIds, pulseIds }: Ids, { maxCells }: Detector) {
  // The number of the train that had a cell last, which spares clearing it for each.
  const lastTrain = new Int32Array(maxCells).fill(-1)
  const cells: TrainId[] = []
  const pulses: TrainId[] = []
  trains.forEach(({ trainId, image }, train) => {
    let isAgain = false
    for (let row = image.first; row < image.first + image.count; row++) {
      const cell = cellIds[row] ?? 0
      isAgain ||= lastTrain[cell] === train
      lastTrain[cell] = train
    }
    if (isAgain) cells.push(trainId)
    else if (hasPulseTwice({ pulseIds }, { image })) pulses.push(trainId)
  })
  return { cells, pulses }
}

function withoutFrames<F extends Ids>(file: F, trains: readonly TrainId[]): F {
  if (trains.length === 0) return file
  const left = new Set(trains)
  return {
    ...file,
    trains: file.trains.map(train =>
      left.has(train.trainId) ? { ...train, image: { ...train.image, count: 0 } } : train,
    ),
  }
}
