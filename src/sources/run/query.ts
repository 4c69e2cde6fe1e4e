import type { Detector } from '../../detectors/detector.js'
import { UsageError } from '../../model/errors.js'
import { type ModuleIndex, moduleIndex, type TrainId } from '../../model/ids.js'

/** A Python slice as written; an end that is left open is absent. */
export interface Slice {
  readonly start?: number
  readonly stop?: number
  readonly step: number
}

/** Trains by position among the run's valid ids in ascending order, or by id, `to` exclusive. */
export type TrainSelection =
  | { readonly by: 'index'; readonly slice: Slice }
  | { readonly by: 'id'; readonly from?: number; readonly to?: number }

/** Whole numbers in ranges, both ends inclusive. */
export type Ranges = readonly { readonly from: number; readonly to: number }[]

/** `A:B[:S]` with Python's meaning of negative and open ends. @throws UsageError naming `option`. */
export function parseSlice(text: string, option: string): Slice {
  const match = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/.exec(text)
  if (!match)
    throw new UsageError(`${option} ${JSON.stringify(text)} is not a slice`, {
      hint: 'Write start:stop or start:stop:step as in Python, such as 0:100, -10: or ::2',
    })
  // A number too long to hold is as good as the largest: a slice ends where its sequence does.
  const number = (part: string) =>
    Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(part)))
  const [start, stop, step = 1] = match.slice(1).map(part => (part === undefined ? undefined : number(part)))
  if (step === 0)
    throw new UsageError(`${option} ${JSON.stringify(text)} has step 0`, { hint: 'Use 1 or more' })
  return { ...(start !== undefined && { start }), ...(stop !== undefined && { stop }), step }
}

/** `A:B[:S]` by position or `id=A:B` by train id, B exclusive. @throws UsageError. */
export function parseTrains(text: string): TrainSelection {
  if (!text.startsWith('id=')) return { by: 'index', slice: parseSlice(text, '--trains') }
  const [, from, to] = /^id=(\d*):(\d*)$/.exec(text) ?? []
  if (from === undefined || to === undefined)
    throw new UsageError(`--trains ${JSON.stringify(text)} is not a range of train ids`, {
      hint: 'Write id=first:stop, stop exclusive, such as id=10000:10100',
    })
  return { by: 'id', ...(from !== '' && { from: Number(from) }), ...(to !== '' && { to: Number(to) }) }
}

/** `0,3,5-7`. @throws UsageError naming `option`. */
export function parseRanges(text: string, option: string): Ranges {
  return text.split(',').map(part => {
    const [, first, last = first] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part) ?? []
    const from = Number(first)
    const to = Number(last)
    if (!(from <= to))
      throw new UsageError(`${option} ${JSON.stringify(text)} is not a list of numbers`, {
        hint: 'Write numbers and ranges such as 0,3,5-7',
      })
    return { from, to }
  })
}

/** Module numbers of `0,3,5-7`, ascending, each once. @throws UsageError if the detector has no such module. */
export function parseModules(text: string, detector: Detector): ModuleIndex[] {
  const ranges = parseRanges(text, '--modules')
  const beyond = ranges.find(({ to }) => to >= detector.moduleCount)
  if (beyond)
    throw new UsageError(`${detector.name} has no module ${beyond.to}`, {
      hint: `Its modules are 0 to ${detector.moduleCount - 1}`,
    })
  const all = Array.from({ length: detector.moduleCount }, (_, module) => moduleIndex(module))
  return all.filter(module => inRanges(ranges, module))
}

export function inRanges(ranges: Ranges, value: number): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to)
}

/** Positions `start, start + step, …`, `count` of them, `step` ≥ 1; or `start` plus each of those that were picked. */
export interface Positions {
  readonly start: number
  readonly step: number
  readonly count: number
  /** Ascending, `count` of them; may be shared. Absent: the positions are regular. */
  readonly picked?: Uint32Array
}

/** The positions one by one. */
export function positionsList({ start, step, count, picked }: Positions): number[] {
  return Array.from({ length: count }, (_, i) => start + (picked ? (picked[i] ?? 0) : i * step))
}

/**
 * The positions of a sequence of `length` that Python's slice takes, ascending: a negative step selects what
 * it selects in Python, but trains and frames keep their order.
 */
export function positionsOf({ start, stop, step }: Slice, length: number): Positions {
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high)
  if (step > 0) {
    const from = start === undefined ? 0 : clamp(start, 0, length)
    const to = stop === undefined ? length : clamp(stop, 0, length)
    return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) }
  }
  const from = start === undefined ? length - 1 : clamp(start, -1, length - 1)
  const to = stop === undefined ? -1 : clamp(stop, -1, length - 1)
  const count = Math.max(0, Math.ceil((from - to) / -step))
  return { start: count === 0 ? 0 : from + (count - 1) * step, step: -step, count }
}

/**
 * The trains that are wanted of the run's ids, ascending as given.
 * @throws UsageError if there are trains and none of them is.
 */
export function selectTrains(trainIds: readonly TrainId[], selection: TrainSelection | undefined): TrainId[] {
  if (selection === undefined) return [...trainIds]
  const chosen = selection.by === 'id' ? byId(trainIds, selection) : byIndex(trainIds, selection.slice)
  if (chosen.length === 0 && trainIds.length > 0)
    throw new UsageError(`--trains selects none of the run's ${trainIds.length} trains`, {
      hint: `They are ${trainIds[0]} to ${trainIds.at(-1)}`,
    })
  return chosen
}

function byId(
  trainIds: readonly TrainId[],
  { from = 0, to = Infinity }: { from?: number; to?: number },
): TrainId[] {
  return trainIds.filter(id => from <= id && id < to)
}

function byIndex(trainIds: readonly TrainId[], slice: Slice): TrainId[] {
  const { start, step, count } = positionsOf(slice, trainIds.length)
  const last = start + (count - 1) * step
  return trainIds.filter((_, i) => i >= start && i <= last && (i - start) % step === 0)
}
