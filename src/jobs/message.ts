import * as v from 'valibot'
import { UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import { type LiteralItem, parseLiteralList } from './literal-list.js'
import { QUALITIES, RUN_FIELDS } from './run-key.js'

/** Longest message that is read, bytes. */
export const MOST_MESSAGE_BYTES = 16 * 1024

const RID = v.pipe(v.string(), v.regex(/^[\w.:/-]{1,128}$/, 'it is no name of a request'))

const CORRECT = v.strictObject({
  request: v.literal('correct'),
  ...RUN_FIELDS,
  /** Absent: the run's marker tells, or a later message. */
  quality: v.optional(v.picklist(QUALITIES)),
  /** The lower, the earlier. */
  priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1000), v.maxValue(1000)), 2),
  /** Karabo name; absent: all detectors of the run. */
  detector: v.optional(v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_-]{1,63}$/, 'it is no Karabo name'))),
  /** Corrects again what was corrected: the files are replaced. */
  recorrect: v.optional(v.boolean(), false),
  /** The sender's name for it. */
  rid: v.optional(RID),
})

const QUERY = v.strictObject({
  request: v.literal('query'),
  id: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  rid: v.optional(RID),
})

const MESSAGE = v.variant('request', [CORRECT, QUERY])

/** A message of a service's client, checked. */
export type JobMessage = v.InferOutput<typeof MESSAGE>
export type CorrectMessage = v.InferOutput<typeof CORRECT>

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
  if (action === 'dark_request')
    throw new UsageError('dark requests are not served', { hint: 'Characterise dark runs with detcal dark' })
  throw new UsageError('expected a list that begins with correct or query-rid')
}

function textOf(item: LiteralItem | undefined): unknown {
  return typeof item === 'number' ? String(item) : item
}

/** `900900`, `'900900'` and `'p900900'` are one number. */
function numberOf(item: LiteralItem | undefined, letter: 'p?' | 'r?' | ''): unknown {
  const digits = typeof item === 'string' ? new RegExp(`^${letter}(-?\\d{1,9})$`).exec(item)?.[1] : undefined
  return digits === undefined ? item : Number(digits)
}
