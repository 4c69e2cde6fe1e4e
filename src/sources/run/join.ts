import { type CombinedTrain, Combiner } from '../../combiner/combiner.js'
import { DataError, UsageError } from '../../model/errors.js'
import { grouped } from '../../model/grouped.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { assignTrains } from './assign-trains.js'
import { FrameChoice } from './frame-choice.js'
import type { FrameFilter } from './frame-filter.js'
import type { LitFrames } from './lit-frames.js'
import {
  inRanges,
  type Positions,
  positionsList,
  positionsOf,
  type Ranges,
  selectTrains,
  type TrainSelection,
} from './query.js'
import type { ModuleFile, Run, TrainEntry } from './run.js'
import { type StoredPart, sameFrames, storedPart } from './same-frames.js'
import { inFileOrder } from './train-order.js'

/** What of a run is wanted; absent means all of it. */
export interface Selection extends FrameFilter {
  readonly modules?: readonly ModuleIndex[]
  readonly sequences?: Ranges
  readonly trains?: TrainSelection
  /** Lit frames only. */
  readonly light?: LitFrames
}

/** One train in the output of one file. */
export interface JoinedRows {
  readonly trainId: TrainId
  /** The train in this file; absent where the module lacks it. */
  readonly entry?: TrainEntry
  /** Image rows to correct, in stored order. */
  readonly rows: Positions
}

/** What one CORR file holds: trains ascending but for strays, with count 0 where the module has no frames to correct. */
export interface JoinedFile {
  readonly module: ModuleIndex
  readonly file: ModuleFile
  readonly trains: readonly JoinedRows[]
  /** Frames of all its trains. */
  readonly frames: number
}

/** A train across modules, after all selections. Its frames are those of every module that is not at count 0. */
export interface JoinedTrain {
  readonly trainId: TrainId
  readonly pulseIds: Float64Array
  /** By position, those that are integers but too large for a double. */
  readonly widePulseIds?: ReadonlyMap<number, bigint>
  /** Cells of the lowest module that has the train; other modules' are in their own file. */
  readonly cellIds: Uint16Array
}

/** The selected part of a run, its modules joined by train. */
export interface JoinedRun {
  readonly run: Run
  /** Selected trains that some output file lists, ascending. */
  readonly trains: readonly JoinedTrain[]
  /** Frames of the whole detector: the sum over trains, which is the length of a combined file. */
  readonly frames: number
  /** Frames that the same trains have, whether they are selected or not. */
  readonly framesThere: number
  /** Files with at least one train, by module and in order of their trains. Modules without a frame are absent. */
  readonly modules: ReadonlyMap<ModuleIndex, readonly JoinedFile[]>
  /** The run's problems that concern the selection, and those found on joining. */
  readonly problems: readonly Problem[]
}

type Part = StoredPart<ModuleFile, TrainEntry>

const NO_ROWS: Positions = { start: 0, step: 1, count: 0 }

/**
 * Joins the modules of a run by train id and applies the selection: modules, sequences, trains, frames.
 *
 * `--trains` counts the valid trains of the whole run, whatever modules are chosen. In each train the pulse
 * and cell lists of most of the chosen modules win (tie: those of the lowest module); the others get count 0 and are
 * named. Pure: reads no file.
 * @throws UsageError if nothing is selected, DataError if the run has no frame.
 */
export function joinRun(run: Run, selection: Selection = {}): JoinedRun {
  const trainIds = selectTrains(run.trainIds, selection.trains)
  const wanted = (module: ModuleIndex) => selection.modules?.includes(module) ?? true
  const chosen = new Map([...run.modules].filter(([module]) => wanted(module)))
  const combined = combinedTrains(run, chosen, new Set(trainIds))
  const problems = problemsOf(run, selection)
  const overruled = trainIds.flatMap(id => [...(combined.get(id)?.disagreeing.values() ?? [])])
  const disagreeing = grouped(overruled, ({ file }) => file)
  const choice = new FrameChoice(selection, selection.light)
  const positions = new Map<TrainId, Positions>()
  for (const id of trainIds) {
    const agreed = combined.get(id)?.agreed
    if (agreed) positions.set(id, choice.positions(id, agreed))
  }
  const strays = straysOf(run)
  const listed = new Set<TrainId>()
  const modules = new Map<ModuleIndex, JoinedFile[]>()
  for (const [module, files] of chosen) {
    const joined: JoinedFile[] = []
    const assigned = assignTrains(trainIds, files, damagedSequences(run, module), strays)
    for (const [file, ids] of assigned) {
      if (selection.sequences && !inRanges(selection.sequences, file.sequence)) continue
      const own = new Map(file.trains.map(entry => [entry.trainId, entry]))
      const out = new Set(disagreeing.get(file)?.map(({ entry }) => entry))
      const trains = inFileOrder(ids, own).map((trainId): JoinedRows => {
        const entry = own.get(trainId)
        if (!entry) return { trainId, rows: NO_ROWS }
        const chosen = out.has(entry) || entry.image.count === 0 ? undefined : positions.get(trainId)
        return { trainId, entry, rows: chosen ? rowsOf(entry, chosen) : NO_ROWS }
      })
      const frames = trains.reduce((sum, { rows }) => sum + rows.count, 0)
      if (trains.length > 0) joined.push({ module, file, trains, frames })
    }
    if (joined.some(({ frames }) => frames > 0)) {
      modules.set(module, joined)
      for (const { trains } of joined) for (const { trainId } of trains) listed.add(trainId)
      for (const { file } of joined) problems.push(...pulseProblem(module, file, disagreeing.get(file)))
    } else if (joined.length > 0) problems.push(...withoutFrames(module, joined, disagreeing))
  }
  const why = problems.find(({ severity }) => severity === 'error')
  if (why !== undefined && chosen.size > 0 && !hasFrames(chosen))
    throw new DataError(why.message, { place: why.place })
  const SelectionError = Object.values(selection).some(part => part !== undefined) ? UsageError : DataError
  problems.push(...choice.problems)
  if (modules.size === 0)
    throw new SelectionError(nothingSelected(run, selection), {
      place: { file: run.path },
      hint: `It has modules ${[...run.modules.keys()].join(', ')} and ${run.trainIds.length} trains`,
    })
  const trains = trainIds
    .filter(id => listed.has(id))
    .map(id => joinedTrain(id, combined.get(id)?.agreed, positions.get(id) ?? NO_ROWS))
  const frames = trains.reduce((sum, { pulseIds }) => sum + pulseIds.length, 0)
  const framesThere = trains.reduce(
    (sum, { trainId }) => sum + (combined.get(trainId)?.agreed?.entry.image.count ?? 0),
    0,
  )
  return { run, trains, frames, framesThere, modules, problems }
}

function hasFrames(modules: Run['modules']): boolean {
  return [...modules.values()].flat().some(({ trains }) => trains.some(({ image }) => image.count > 0))
}

/** Trains that are strays wherever they are. */
function straysOf({ modules }: Run): Set<TrainId> {
  const strays = new Set<TrainId>()
  const entries = [...modules.values()].flat().flatMap(({ trains }) => trains)
  for (const { trainId, stray } of entries) if (stray) strays.add(trainId)
  for (const { trainId, stray } of entries) if (!stray) strays.delete(trainId)
  return strays
}

/** Each of the selected trains with the parts of its modules, and those that most of them contradict. */
function combinedTrains(
  { detector }: Run,
  modules: Run['modules'],
  selected: ReadonlySet<TrainId>,
): Map<TrainId, CombinedTrain<Part>> {
  const combiner = new Combiner<Part>(sameFrames([...modules.keys()], detector.maxCells))
  // The first part of a module counts: where several files have a train, that is the last file, which lists it.
  for (const [module, files] of modules)
    for (const file of files.toReversed())
      for (const entry of file.trains)
        if (selected.has(entry.trainId)) combiner.add(entry.trainId, module, storedPart(file, entry))
  return new Map(combiner.finish().map(combined => [combined.train, combined]))
}

function rowsOf({ image }: TrainEntry, positions: Positions): Positions {
  return { ...positions, start: image.first + positions.start }
}

function joinedTrain(trainId: TrainId, winner: Part | undefined, positions: Positions): JoinedTrain {
  if (!winner) return { trainId, pulseIds: new Float64Array(0), cellIds: new Uint16Array(0) }
  const rows = positionsList(rowsOf(winner.entry, positions))
  const take = (values: ArrayLike<number>) => rows.map(row => values[row] ?? 0)
  const wide = new Map<number, bigint>()
  for (const [i, row] of rows.entries()) {
    const id = winner.file.widePulseIds?.get(row)
    if (id !== undefined) wide.set(i, id)
  }
  return {
    trainId,
    pulseIds: Float64Array.from(take(winner.file.pulseIds)),
    ...(wide.size > 0 && { widePulseIds: wide }),
    cellIds: Uint16Array.from(take(winner.file.cellIds)),
  }
}

/** Sequences of a module that exist but could not be used. */
function damagedSequences(run: Run, module: ModuleIndex): number[] {
  return run.damaged.flatMap(file =>
    file.module === module && file.sequence !== undefined ? [file.sequence] : [],
  )
}

/** Problems of the run that concern the selected modules and sequences. */
function problemsOf(run: Run, { modules, sequences }: Selection): Problem[] {
  const files = [...run.damaged, ...[...run.modules.values()].flat()]
  const sequenceOf = new Map(files.map(file => [file.path, file.sequence]))
  return run.problems.filter(({ place }) => {
    const sequence = sequenceOf.get(place.file ?? '')
    if (place.module !== undefined && modules && !modules.some(module => module === place.module))
      return false
    return sequence === undefined || !sequences || inRanges(sequences, sequence)
  })
}

function pulseProblem(module: ModuleIndex, file: ModuleFile, parts: readonly Part[] = []): Problem[] {
  const [first] = parts
  if (first === undefined) return []
  const count = parts.length === 1 ? 'this train has' : `${parts.length} trains have`
  const message = `${count} other pulses or cells than in most modules: not corrected`
  return [
    {
      check: 'pulse_ids_equal',
      severity: 'error',
      message,
      place: { file: file.path, module, train: first.entry.trainId },
    },
  ]
}

/** A module that has nothing to correct gets no files: to be expected, unless others overruled it. */
function withoutFrames(
  module: ModuleIndex,
  joined: readonly JoinedFile[],
  disagreeing: ReadonlyMap<ModuleFile, readonly Part[]>,
): Problem[] {
  const overruled = joined.flatMap(({ file }) => pulseProblem(module, file, disagreeing.get(file)))
  const message = 'this module has no frames in the selected trains: no file is written for it'
  return [...overruled, { check: 'frames_present', severity: 'warning', message, place: { module } }]
}

/** Which option selects nothing by itself; where it is all of them together, they are all named. */
function nothingSelected(run: Run, selection: Selection): string {
  const { modules, sequences, pulses } = selection
  const files = [...run.modules.values()].flat()
  if (modules !== undefined && !modules.some(module => run.modules.has(module)))
    return '--modules selects no module of the run'
  if (sequences !== undefined && !files.some(({ sequence }) => inRanges(sequences, sequence)))
    return `--sequences selects none of ${[...new Set(files.map(({ sequence }) => sequence))].join(', ')}`
  const most = Math.max(0, ...files.flatMap(({ trains }) => trains.map(({ image }) => image.count)))
  if (pulses !== undefined && positionsOf(pulses, most).count === 0)
    return `--pulses selects none of the ${most} frames of a train`
  const asked = Object.entries(OPTIONS).filter(([part]) => selection[part as keyof Selection] !== undefined)
  if (asked.length === 0) return 'the run has no frames'
  return `no frame of the run is selected by ${asked.map(([, option]) => option).join(' and ')}`
}

/** What the parts of a selection are called on the command line. */
const OPTIONS: Readonly<Record<keyof Selection, string>> = {
  modules: '--modules',
  sequences: '--sequences',
  trains: '--trains',
  pulses: '--pulses',
  cells: '--cells',
  pulseIds: '--pulse-ids',
  light: '--litframe',
}
