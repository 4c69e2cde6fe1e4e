import { type PixelOperation, planesRead } from '../corrections/open/operations.js'
import { type Explained, readAs, type StepReading } from '../corrections/open/readings.js'
import { calibrationsOf } from '../corrections/planes.js'
import type { ModuleIndex } from '../model/ids.js'

/** How each module's chain is read: its operations. */
export type OperationsOfModules = ReadonlyMap<ModuleIndex, readonly PixelOperation[]>

/** A set of readings that may have made a file; an empty one is as decided. */
export interface Candidate {
  readonly readings: readonly StepReading[]
  readonly operations: OperationsOfModules
}

/** The most sets of readings that are tried for a dataset. */
const MOST = 1000

/** What the modules do as decided, and of which calibrations they have constants. */
export interface Decided {
  readonly operations: OperationsOfModules
  readonly available: ReadonlyMap<ModuleIndex, ReadonlySet<string>>
}

/** What the readings of a dataset are chosen from. */
export interface Choices {
  readonly decided: Decided
  /** Those that say something of these chains, each something else; by question. */
  readonly questions: readonly (readonly StepReading[])[]
}

/** The choices that there are for a dataset: readings that change none of the chains, or as another does, are left out. */
export function choicesOf(decided: Decided, readings: readonly StepReading[], dataset: Explained): Choices {
  const seen = new Set([textOf(decided.operations)])
  const questions = new Map<string, StepReading[]>()
  for (const reading of readings) {
    if (reading.tells !== dataset) continue
    const changed = changedBy(decided, [reading])
    if (changed === undefined || seen.has(textOf(changed))) continue
    seen.add(textOf(changed))
    questions.set(reading.question, [...(questions.get(reading.question) ?? []), reading])
  }
  return { decided, questions: [...questions.values()] }
}

/** As decided, then each reading alone, then two together, and so on: at most so many as can be tried. */
export function* candidatesOf({ decided, questions }: Choices): Generator<Candidate> {
  let count = 0
  for (let size = 0; size <= questions.length; size++)
    for (const readings of setsOf(questions, size)) {
      if (++count > MOST) return
      const operations = changedBy(decided, readings)
      if (operations) yield { readings, operations }
    }
}

/** As decided, and each reading alone: what all of the others are made of. */
export function singlyRead({ decided, questions }: Choices): OperationsOfModules[] {
  return [decided.operations, ...questions.flat().flatMap(reading => changedBy(decided, [reading]) ?? [])]
}

/** Candidates beside one: with another answer to one of the questions. */
export function* neighboursOf(
  { decided, questions }: Choices,
  { readings }: Candidate,
): Generator<Candidate & { readonly other: StepReading }> {
  for (const question of questions)
    for (const other of question) {
      if (readings.includes(other)) continue
      const order = questions.flat()
      const swapped = [...readings.filter(reading => !question.includes(reading)), other].sort(
        (a, b) => order.indexOf(a) - order.indexOf(b),
      )
      const operations = changedBy(decided, swapped)
      if (operations) yield { readings: swapped, operations, other }
    }
}

function* setsOf(
  questions: readonly (readonly StepReading[])[],
  size: number,
): Generator<readonly StepReading[]> {
  if (size === 0) {
    yield []
    return
  }
  const [first, ...rest] = questions
  if (first === undefined) return
  for (const reading of first) for (const others of setsOf(rest, size - 1)) yield [reading, ...others]
  yield* setsOf(rest, size)
}

/** Undefined: in no module are there the steps and the constants that the readings need. */
function changedBy(
  { operations, available }: Decided,
  readings: readonly StepReading[],
): OperationsOfModules | undefined {
  const changed = [...operations].map(([module, own]) => {
    const read = readAs(own, readings)
    return [module, own, read && ofAvailable(read, available.get(module))] as const
  })
  if (changed.every(([, , read]) => read === undefined)) return undefined
  return new Map(changed.map(([module, own, read]) => [module, read ?? own]))
}

/** Without maps that are not there; undefined: other constants are not. */
function ofAvailable(
  operations: readonly PixelOperation[],
  available: ReadonlySet<string> = new Set(),
): readonly PixelOperation[] | undefined {
  const masked = operations.map(operation =>
    operation.do === 'mask'
      ? { ...operation, maps: operation.maps.filter(map => available.has(map)) }
      : operation,
  )
  return calibrationsOf(planesRead(masked)).every(name => available.has(name)) ? masked : undefined
}

function textOf(operations: OperationsOfModules): string {
  return JSON.stringify([...operations])
}
