import { Unreadable, Unsupported } from './errors.js'
import { Cursor, type FileView } from './file-view.js'
import {
  type DataspaceSelection,
  endOfRuns,
  type IndexRun,
  lengthOf,
  MOST_RUNS,
  paired,
  readSelection,
  runsOf,
  type Steps,
} from './selection.js'
import { identityOf, notThere } from './source-file.js'
import { readHeap } from './strings.js'
import type { LocatedElements, Piece } from './types.js'

/** One line of a virtual dataset: elements of a dataset in another file that stand for elements here. */
interface Mapping {
  /** As stored: `%b` stands for the number of a block, `%%` for a percent sign. */
  readonly file: string
  readonly dataset: string
  readonly source: DataspaceSelection
  readonly target: DataspaceSelection
}

/** A dataset of a source, and the path of the file that holds it. */
export interface Source {
  readonly file: string
  readonly located: LocatedElements
}

/** Looks a source up. @throws Unreadable if it is not there. */
export type FindSource = (file: string, dataset: string) => Source

/** Blocks of a numbered source that are looked for. */
const MOST_BLOCKS = 2 ** 16

/**
 * The pieces of a virtual dataset, all of whose sources are there and large enough.
 * @param stored its shape as the file says; where it is unlimited, as many sources as there are make it larger.
 * @throws Unreadable naming the source that is missing. @throws Unsupported for mappings that it cannot judge.
 */
export function readVirtual(
  view: FileView,
  heap: number,
  index: number,
  stored: readonly number[],
  find: FindSource,
): { readonly pieces: readonly Piece[]; readonly shape: readonly number[] } {
  const pieces: Piece[] = []
  const shape = [...stored]
  for (const mapping of mappingsOf(view, heap, index))
    for (const { source, target, from } of resolved(view, mapping, stored, find)) {
      pieces.push(...boxes(view, source, target, from))
      if (pieces.length > MOST_RUNS) throw new Unsupported(`virtual datasets of ${pieces.length} pieces`)
      target.forEach((runs, d) => {
        shape[d] = Math.max(shape[d] ?? 0, endOfRuns(runs))
      })
    }
  return { pieces, shape }
}

function mappingsOf(view: FileView, heap: number, index: number): Mapping[] {
  if (heap < 0) return []
  const object = readHeap(view, heap).get(index)
  if (object === undefined) throw view.damaged('its mappings are not where they should be')
  const body = new Cursor(object, view, 'a virtual dataset')
  const version = body.u8()
  if (version !== 0) throw new Unsupported(`virtual datasets of version ${version}`)
  const count = body.u64()
  if (count > object.length) throw body.damaged(`claims ${count} mappings`)
  return Array.from({ length: count }, () => ({
    file: body.text(),
    dataset: body.text(),
    source: readSelection(body),
    target: readSelection(body),
  }))
}

type Runs = readonly (readonly IndexRun[])[]

interface Resolved {
  readonly source: Source
  readonly target: Runs
  readonly from: Runs
}

function* resolved(
  view: FileView,
  { file, dataset, source, target }: Mapping,
  stored: readonly number[],
  find: FindSource,
): Generator<Resolved> {
  if (source === 'none' || target === 'none') return
  const open = unlimitedOf(target)
  if (open === undefined || unlimitedOf(source) !== undefined) {
    const found = find(numbered(file, 0), numbered(dataset, 0))
    const { shape } = found.located
    yield {
      source: found,
      target: runsIn(target, stored, lengthIn(source, shape)),
      from: runsIn(source, shape),
    }
    return
  }
  // Block by block, each from a source with its number, as long as there are any.
  const { dimension, steps } = open
  for (let block = 0; block < MOST_BLOCKS; block++) {
    const start = steps.start + block * steps.stride
    const due = start < (stored[dimension] ?? 0)
    let found: Source
    try {
      found = find(numbered(file, block), numbered(dataset, block))
    } catch (error) {
      // Behind the last that is due, a missing one is the end.
      if (due || !(error instanceof Unreadable)) throw error
      return
    }
    const runs = runsIn(target, stored).with(dimension, [{ start, count: steps.block }])
    yield { source: found, target: runs, from: runsIn(source, found.located.shape) }
  }
  throw notThere(view, `virtual dataset: more than ${MOST_BLOCKS} sources`)
}

/** The dimension along which a selection has no end. */
function unlimitedOf(selection: DataspaceSelection): { dimension: number; steps: Steps } | undefined {
  if (typeof selection === 'string' || selection.kind === 'runs') return undefined
  const dimension = selection.steps.findIndex(({ count, block }) => count === Infinity || block === Infinity)
  const steps = selection.steps[dimension]
  return steps && { dimension, steps }
}

/** Elements along the endless dimension of a source: all behind the first. */
function lengthIn(selection: DataspaceSelection, shape: readonly number[]): number | undefined {
  const open = unlimitedOf(selection)
  return open && Math.max(0, (shape[open.dimension] ?? 0) - open.steps.start)
}

/** @param length of the endless dimension; absent: up to the end of the dataspace. */
function runsIn(selection: DataspaceSelection, shape: readonly number[], length?: number): IndexRun[][] {
  if (selection === 'all') return shape.map(count => [{ start: 0, count }])
  if (selection === 'none') return shape.map(() => [])
  if (selection.kind === 'runs') return selection.runs.map(runs => [...runs])
  return selection.steps.map((steps, d) => {
    const { start, stride, count, block } = steps
    if (count !== Infinity && block !== Infinity) return runsOf(steps)
    // Blocks side by side, or one without end.
    if (block !== Infinity && stride !== block && length !== undefined)
      throw new Unsupported('endless selections with gaps')
    return [{ start, count: length ?? Math.max(0, (shape[d] ?? 0) - start) }]
  })
}

/** `%b` becomes the number, `%%` a percent sign. */
function numbered(name: string, block: number): string {
  return name.replace(/%([b%])/g, (_, letter) => (letter === 'b' ? String(block) : '%'))
}

/** The boxes that both selections have in common, element for element in C order. */
function boxes(view: FileView, { file, located }: Source, target: Runs, from: Runs): Piece[] {
  const named = `virtual dataset: its source ${located.path} in ${file}`
  if (from.length !== located.shape.length) throw notThere(view, `${named} has another number of axes`)
  if (from.some((runs, d) => endOfRuns(runs) > (located.shape[d] ?? 0)))
    throw notThere(view, `${named} is (${located.shape.join(', ')}), smaller than what is taken of it`)
  if ([...target, ...from].some(runs => lengthOf(runs) === 0)) return []
  // Dimensions of one element have no partner; the others belong to each other in their order.
  const long = (all: Runs) => [...all.keys()].filter(d => lengthOf(all[d] ?? []) > 1)
  const [inTarget, inSource] = [long(target), long(from)]
  const lengths = (all: Runs, dimensions: readonly number[]) =>
    String(dimensions.map(d => lengthOf(all[d] ?? [])))
  if (lengths(target, inTarget) !== lengths(from, inSource)) {
    const elements = (all: Runs) => all.reduce((product, runs) => product * lengthOf(runs), 1)
    if (elements(target) === elements(from))
      throw new Unsupported('virtual datasets that reshape their sources')
    throw notThere(view, `${named} is (${located.shape.join(', ')}), not as large as what it stands for`)
  }
  const axes = from.map((_, d) => inTarget[inSource.indexOf(d)] ?? -1)
  const pairs = inTarget.map((t, i) => paired(target[t] ?? [], from[inSource[i] ?? 0] ?? []))
  if (pairs.reduce((product, list) => product * list.length, 1) > MOST_RUNS)
    throw new Unsupported('virtual datasets of too many pieces')
  const identity = identityOf(file)
  return combinations(pairs).map(parts => {
    const [targetStart, count] = [target.map(runs => runs[0]?.start ?? 0), target.map(() => 1)]
    const sourceStart = from.map(runs => runs[0]?.start ?? 0)
    parts.forEach((part, i) => {
      targetStart[inTarget[i] ?? 0] = part.a
      count[inTarget[i] ?? 0] = part.count
      sourceStart[inSource[i] ?? 0] = part.b
    })
    return { ...identity, located, target: targetStart, count, source: sourceStart, axes }
  })
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap(head => list.map(item => [...head, item])), [[]])
}
