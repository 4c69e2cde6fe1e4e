import type { CombinerPolicy } from '../../combiner/combiner.js'
import type { ModuleIndex } from '../../model/ids.js'
import { doubtfulPulses } from './doubtful-pulses.js'
import type { ModuleFile, TrainEntry } from './run.js'

type Ids = Pick<ModuleFile, 'pulseIds' | 'cellIds'>
type Entry = Pick<TrainEntry, 'image'>

/** One module's part of a train, as it is in its file. */
export interface StoredPart<File extends Ids = Ids, Train extends Entry = Entry> {
  readonly file: File
  readonly entry: Train
  /** Positions of frames whose pulse id says nothing; absent: there are none. */
  readonly doubtful?: ReadonlySet<number>
}

export function storedPart<File extends Ids, Train extends Entry>(
  file: File,
  entry: Train,
): StoredPart<File, Train> {
  const doubtful = doubtfulPulses(file, entry)
  return { file, entry, ...(doubtful && { doubtful }) }
}

/**
 * When modules agree on a train: their frames are of the same pulses and cells. Modules without frames have no vote,
 * nor have those with a doubtful pulse id or an impossible cell, where there are others: they agree with whom the rest of
 * their ids does.
 */
export function sameFrames(modules: readonly ModuleIndex[], maxCells: number): CombinerPolicy<StoredPart> {
  return {
    modules,
    empty: ({ entry }) => entry.image.count === 0,
    doubtful: part => part.doubtful !== undefined || hasImpossibleCell(part, maxCells),
    same: (a, b) => samePulses(a, b) && sameCells(a, b, maxCells),
  }
}

/** Whether frames are of the same pulses, as far as their ids say anything. */
export function samePulses(a: StoredPart, b: StoredPart): boolean {
  const { first, count } = a.entry.image
  if (count !== b.entry.image.count) return false
  const shift = b.entry.image.first - first
  for (let row = first; row < first + count; row++) {
    if (a.file.pulseIds[row] === b.file.pulseIds[row + shift]) continue
    if (!(a.doubtful?.has(row - first) || b.doubtful?.has(row - first))) return false
  }
  return true
}

function hasImpossibleCell({ file, entry }: StoredPart, maxCells: number): boolean {
  const { first, count } = entry.image
  return file.cellIds.subarray(first, first + count).some(cell => cell >= maxCells)
}

/** A number that is no cell of the detector's contradicts none: the frame is named and not corrected as it is. */
function sameCells(a: StoredPart, b: StoredPart, maxCells: number): boolean {
  const { first, count } = a.entry.image
  const shift = b.entry.image.first - first
  for (let row = first; row < first + count; row++) {
    const cell = a.file.cellIds[row] ?? 0
    const other = b.file.cellIds[row + shift] ?? 0
    if (cell !== other && cell < maxCells && other < maxCells) return false
  }
  return true
}
