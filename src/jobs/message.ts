import * as v from 'valibot'
import { UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import { DARK_RUNS } from './dark-runs.js'
import { type LiteralItem, parseLiteralList } from './literal-list.js'
import { QUALITIES, RUN_FIELDS } from './run-key.js'

/** Longest message that is read, bytes. */
export const MOST_MESSAGE_BYTES = 16 * 1024

const RID = v.pipe(v.string(), v.regex(/^[\w.:/-]{1,128}$/, 'it is no name of a request'))

/** What every request says besides its runs. */
const ASKED = {
  instrument: RUN_FIELDS.instrument,
  cycle: RUN_FIELDS.cycle,
  proposal: RUN_FIELDS.proposal,
  /** The lower, the earlier. */
  priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1000), v.maxValue(1000)), 2),
  /** Karabo name; absent: all detectors of the run, or the only one of dark runs. */
  detector: v.optional(v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_-]{1,63}$/, 'it is no Karabo name'))),
  /** Does again what was done: corrected files are replaced. */
  recorrect: v.optional(v.boolean(), false),
  /** The sender's name for it. */
  rid: v.optional(RID),
}

const CORRECT = v.strictObject({
  request: v.literal('correct'),
  ...ASKED,
  run: RUN_FIELDS.run,
  /** Absent: the run's marker tells, or a later message. */
  quality: v.optional(v.picklist(QUALITIES)),
})

const DARK = v.strictObject({ request: v.literal('dark'), ...ASKED, ...DARK_RUNS.entries })

const QUERY = v.strictObject({
  request: v.literal('query'),
  id: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  rid: v.optional(RID),
})

const MESSAGE = v.variant('request', [CORRECT, DARK, QUERY])

/** A message of a service's client, checked. */
export type JobMessage = v.InferOutput<typeof MESSAGE>
export type CorrectMessage = v.InferOutput<typeof CORRECT>
export type DarkMessage = v.InferOutput<typeof DARK>

/**
 * Reads a message: JSON, or the facility's list (see README.md).
 * @throws UsageError saying what is wrong with it.
 */
export function parseMessage(bytes: Uint8Array): JobMessage {
  if (bytes.byteLength > MOST_MESSAGE_BYTES)
    throw new UsageError(`the message is longer than ${MOST_MESSAGE_BYTES} bytes`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim()
  } catch {
    throw new UsageError('the message is not UTF-8')
  }
  return checkMessage(text.startsWith('[') ? messageOfList(parseLiteralList(text)) : parsedJson(text))
}

/** @throws UsageError naming the field that is wrong. */
export function checkMessage(value: unknown): JobMessage {
  return shaped(MESSAGE, value, message => new UsageError(message))
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('the message is neither JSON nor a list')
  }
}

/** The sender of a list has judged the run: it counts as good. */
function messageOfList([action, ...rest]: readonly LiteralItem[]): unknown {
  if (action === 'correct') {
    const [rid, _sase, instrument, cycle, proposal, run, priority, ...more] = rest
    if (rest.length < 6 || more.length > 0)
      throw new UsageError('expected [correct, rid, sase, instrument, cycle, proposal, run, priority]')
    return {
      request: 'correct',
      ...{
        rid: textOf(rid),
        instrument,
        cycle: textOf(cycle),
        proposal: numberOf(proposal, 'p?'),
        run: numberOf(run, 'r?'),
      },
      ...(priority !== undefined && { priority: numberOf(priority, '') }),
      quality: 'good',
    }
  }
  if (action === 'query-rid') {
    if (rest.length !== 1) throw new UsageError('expected [query-rid, rid]')
    return { request: 'query', rid: textOf(rest[0]) }
  }
  if (action === 'dark_request') return darkOfList(rest)
  throw new UsageError('expected a list that begins with correct, dark_request or query-rid')
}

/** The runs are those of high, medium and low gain, or one that has all; they tell the operation mode themselves. */
function darkOfList(items: readonly LiteralItem[]): unknown {
  const [rid, _sase, instrument, cycle, proposal, detector, _mode, _units, aggregators, ...others] = items
  const runs = others.flat().map(run => numberOf(run, 'r?'))
  if (runs.length !== 1 && runs.length !== 3)
    throw new UsageError(
      'expected [dark_request, rid, sase, instrument, cycle, proposal, karabo_id, operation_mode, pdus, karabo_das, runs...] with three runs, of high, medium and low gain, or one that has all',
    )
  const [high, medium, low] = runs
  const modules = modulesOf(aggregators)
  return {
    request: 'dark',
    ...{ rid: textOf(rid), instrument, cycle: textOf(cycle), proposal: numberOf(proposal, 'p?'), detector },
    runs: runs.length === 1 ? { run: high } : { high, medium, low },
    ...(modules !== undefined && { modules }),
  }
}

/** `['AGIPD03', 'LPD04']` are modules 3 and 4; `all`, or an empty list, are all. */
function modulesOf(aggregators: LiteralItem | undefined): string | undefined {
  const names = [aggregators ?? []].flat(2)
  if (names.length === 0 || (names.length === 1 && names[0] === 'all')) return undefined
  return names
    .map(name => {
      const digits = /^[A-Z]+(\d{2})$/.exec(String(name))?.[1]
      if (digits === undefined)
        throw new UsageError(`"${name}" is no data aggregator of a module, such as AGIPD03`)
      return String(Number(digits))
    })
    .join(',')
}

function textOf(item: LiteralItem | undefined): unknown {
  return typeof item === 'number' ? String(item) : item
}

/** `900900`, `'900900'` and `'p900900'` are one number. */
function numberOf(item: LiteralItem | undefined, letter: 'p?' | 'r?' | ''): unknown {
  const digits = typeof item === 'string' ? new RegExp(`^${letter}(-?\\d{1,9})$`).exec(item)?.[1] : undefined
  return digits === undefined ? item : Number(digits)
}
