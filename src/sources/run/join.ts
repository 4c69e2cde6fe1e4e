import { DataError, UsageError } from '../../model/errors.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import { assignTrains } from './assign-trains.js'
import { doubtfulPulses } from './doubtful-pulses.js'
import { inRanges, type Positions, positionsOf, type Selection, selectTrains } from './query.js'
import type { ModuleFile, Run, TrainEntry } from './run.js'
import { inFileOrder } from './train-order.js'

/** One train in the output of one file. */
export interface JoinedRows {
  readonly trainId: TrainId
  /** The train in this file; absent where the module lacks it. */
  readonly entry?: TrainEntry
  /** Image rows to correct, in stored order: `start + i·step` for i < count. */
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
  /** Files with at least one train, by module and in order of their trains. Modules without a frame are absent. */
  readonly modules: ReadonlyMap<ModuleIndex, readonly JoinedFile[]>
  /** The run's problems that concern the selection, and those found on joining. */
  readonly problems: readonly Problem[]
}

const NO_ROWS: Positions = { start: 0, step: 1, count: 0 }

/**
 * Joins the modules of a run by train id and applies the selection: modules, sequences, trains, pulses.
 *
 * `--trains` counts the valid trains of the whole run, whatever modules are chosen. In each train the pulse
 * list of most of the chosen modules wins (tie: that of the lowest module); the others get count 0 and are
 * named. Pure: reads no file.
 * @throws UsageError if nothing is selected, DataError if the run has no frame.
 */
export function joinRun(run: Run, selection: Selection = {}): JoinedRun {
  const trainIds = selectTrains(run.trainIds, selection.trains)
  const wanted = (module: ModuleIndex) => selection.modules?.includes(module) ?? true
  const chosen = new Map([...run.modules].filter(([module]) => wanted(module)))
  const entries = entriesByTrain(chosen)
  const problems = problemsOf(run, selection)
  const disagreeing = new Map<ModuleFile, TrainId[]>()
  const winners = new Map<TrainId, Winner>()
  for (const id of trainIds) {
    const winner = vote(entries.get(id) ?? [])
    if (!winner) continue
    winners.set(id, winner)
    for (const { file } of winner.others) disagreeing.set(file, [...(disagreeing.get(file) ?? []), id])
  }

  const pulses = selection.pulses ?? { step: 1 }
  const strays = straysOf(run)
  const listed = new Set<TrainId>()
  const modules = new Map<ModuleIndex, JoinedFile[]>()
  for (const [module, files] of chosen) {
    const joined: JoinedFile[] = []
    const assigned = assignTrains(trainIds, files, damagedSequences(run, module), strays)
    for (const [file, ids] of assigned) {
      if (selection.sequences && !inRanges(selection.sequences, file.sequence)) continue
      const own = new Map(file.trains.map(entry => [entry.trainId, entry]))
      const out = new Set(disagreeing.get(file))
      const trains = inFileOrder(ids, own).map((trainId): JoinedRows => {
        const entry = own.get(trainId)
        if (!entry) return { trainId, rows: NO_ROWS }
        return {
          trainId,
          entry,
          rows: out.has(trainId) ? NO_ROWS : rowsOf(entry, positionsOf(pulses, entry.image.count)),
        }
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
  if (modules.size === 0)
    throw new SelectionError('no frame of the run is selected', {
      place: { file: run.path },
      hint: `It has modules ${[...run.modules.keys()].join(', ')} and ${run.trainIds.length} trains`,
    })
  const trains = trainIds.filter(id => listed.has(id)).map(id => joinedTrain(id, winners.get(id), pulses))
  const frames = trains.reduce((sum, { pulseIds }) => sum + pulseIds.length, 0)
  return { run, trains, frames, modules, problems }
}

function hasFrames(modules: Run['modules']): boolean {
  return [...modules.values()].flat().some(({ trains }) => trains.some(({ image }) => image.count > 0))
}

/** Trains that are strays wherever they are. */
function straysOf(run: Run): Set<TrainId> {
  const all = [...entriesByTrain(run.modules)]
  return new Set(all.flatMap(([id, voters]) => (voters.every(({ entry }) => entry.stray) ? [id] : [])))
}

interface Voter {
  readonly file: ModuleFile
  readonly entry: TrainEntry
}

interface Winner extends Voter {
  /** Those with another pulse list. */
  readonly others: readonly Voter[]
}

/** Files and entries of each train, modules ascending. */
function entriesByTrain(modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>): Map<TrainId, Voter[]> {
  const entries = new Map<TrainId, Voter[]>()
  for (const files of modules.values()) {
    for (const file of files) {
      for (const entry of file.trains) {
        const voters = entries.get(entry.trainId)
        if (voters) voters.push({ file, entry })
        else entries.set(entry.trainId, [{ file, entry }])
      }
    }
  }
  return entries
}

/**
 * The first of the most who agree on their pulses. Modules without frames have no vote, nor have those with a doubtful id,
 * where there are others: they agree with whom the rest of their ids does.
 */
function vote(voters: readonly Voter[]): Winner | undefined {
  const present = voters.filter(({ entry }) => entry.image.count > 0)
  const doubts: Doubts = new Map(present.map(voter => [voter, doubtfulPulses(voter.file, voter.entry)]))
  const sound = present.filter(voter => doubts.get(voter) === undefined)
  const groups: Voter[][] = []
  for (const voter of sound.length > 0 ? sound : present) {
    const group = groups.find(([first]) => first !== undefined && samePulses(first, voter, doubts))
    if (group) group.push(voter)
    else groups.push([voter])
  }
  const most = groups.reduce((best, group) => (group.length > best.length ? group : best), [] as Voter[])
  const [first] = most
  return first && { ...first, others: present.filter(voter => !samePulses(first, voter, doubts)) }
}

/** Positions whose ids are doubtful, of each voter. */
type Doubts = ReadonlyMap<Voter, ReadonlySet<number> | undefined>

function samePulses(a: Voter, b: Voter, doubts: Doubts): boolean {
  const { first, count } = a.entry.image
  if (count !== b.entry.image.count) return false
  const [mine, others] = [doubts.get(a), doubts.get(b)]
  const shift = b.entry.image.first - first
  for (let row = first; row < first + count; row++) {
    if (a.file.pulseIds[row] === b.file.pulseIds[row + shift]) continue
    if (!(mine?.has(row - first) || others?.has(row - first))) return false
  }
  return true
}

function rowsOf(entry: TrainEntry, { start, step, count }: Positions): Positions {
  return { start: entry.image.first + start, step, count }
}

function joinedTrain(
  trainId: TrainId,
  winner: Winner | undefined,
  pulses: Parameters<typeof positionsOf>[0],
): JoinedTrain {
  if (!winner) return { trainId, pulseIds: new Float64Array(0), cellIds: new Uint16Array(0) }
  const { start, step, count } = rowsOf(winner.entry, positionsOf(pulses, winner.entry.image.count))
  const take = (values: ArrayLike<number>) =>
    Array.from({ length: count }, (_, i) => values[start + i * step] ?? 0)
  const wide = new Map<number, bigint>()
  for (let i = 0; winner.file.widePulseIds && i < count; i++) {
    const id = winner.file.widePulseIds.get(start + i * step)
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

function pulseProblem(
  module: ModuleIndex,
  file: ModuleFile,
  trains: readonly TrainId[] | undefined,
): Problem[] {
  if (!trains?.length) return []
  const [train] = trains
  const count = trains.length === 1 ? 'this train has' : `${trains.length} trains have`
  const message = `${count} other pulses than in most modules: not corrected`
  return [
    {
      check: 'pulse_ids_equal',
      severity: 'error',
      message,
      place: { file: file.path, module, ...(train !== undefined && { train }) },
    },
  ]
}

/** A module that has nothing to correct gets no files: to be expected, unless others overruled it. */
function withoutFrames(
  module: ModuleIndex,
  joined: readonly JoinedFile[],
  disagreeing: ReadonlyMap<ModuleFile, readonly TrainId[]>,
): Problem[] {
  const overruled = joined.flatMap(({ file }) => pulseProblem(module, file, disagreeing.get(file)))
  const message = 'this module has no frames in the selected trains: no file is written for it'
  return [...overruled, { check: 'frames_present', severity: 'warning', message, place: { module } }]
}
