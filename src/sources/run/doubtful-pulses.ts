import { PULSE_LIMIT } from '../../model/ids.js'
import type { ModuleFile, TrainEntry } from './run.js'

/**
 * Positions in a train whose pulse id says nothing of which pulse it was: it cannot be one, or another frame of the train
 * has it too. Undefined: there are none.
 */
export function doubtfulPulses(
  { pulseIds }: Pick<ModuleFile, 'pulseIds'>,
  { image: { first, count } }: Pick<TrainEntry, 'image'>,
): ReadonlySet<number> | undefined {
  let last = -1
  let row = first
  for (; row < first + count; row++) {
    const id = pulseIds[row] ?? Number.NaN
    if (!(isPulse(id) && id > last)) break
    last = id
  }
  if (row === first + count) return undefined
  const positions = new Map<number, number[]>()
  const doubtful = new Set<number>()
  pulseIds.subarray(first, first + count).forEach((id, position) => {
    if (isPulse(id)) positions.set(id, [...(positions.get(id) ?? []), position])
    else doubtful.add(position)
  })
  for (const same of positions.values())
    if (same.length > 1) for (const position of same) doubtful.add(position)
  return doubtful.size > 0 ? doubtful : undefined
}

/** Whether a pulse is there twice in a train. */
export function hasPulseTwice(file: Pick<ModuleFile, 'pulseIds'>, train: Pick<TrainEntry, 'image'>): boolean {
  const doubtful = [...(doubtfulPulses(file, train) ?? [])]
  return doubtful.some(position => isPulse(file.pulseIds[train.image.first + position] ?? Number.NaN))
}

function isPulse(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < PULSE_LIMIT
}
