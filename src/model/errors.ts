import { printable } from './printable.js'

/** Where something went wrong; whatever is known of it is shown before the message. */
export interface Place {
  readonly file?: string
  readonly dataset?: string
  readonly module?: number
  readonly train?: number
}

/** What tells our errors from others: not their class, of which each bundle of the build has its own. */
const MARK = Symbol.for('detcal.error')

/** The base of all expected errors: one line for people, an exit code for machines, the place as fields. */
export abstract class DetcalError extends Error {
  readonly [MARK] = true
  abstract readonly tag: 'usage' | 'data' | 'output' | 'constants' | 'busy'
  /** Exit code of the command that ends with it: 1 data problems, 2 usage. */
  abstract readonly exitCode: 1 | 2
  readonly place: Place
  /** What to do next, an imperative sentence without the final stop. */
  readonly hint: string | undefined

  constructor(message: string, options: { place?: Place; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.place = options.place ?? {}
    this.hint = options.hint
  }

  /** `file, dataset, module, train: message. Hint.` on one line. */
  get line(): string {
    return this.lineWith(this.hint)
  }

  /** The same with another hint, or none. */
  lineWith(hint: string | undefined): string {
    const { file, dataset, module, train } = this.place
    const where = [
      file,
      dataset,
      module === undefined ? undefined : `module ${module}`,
      train === undefined ? undefined : `train ${train}`,
    ]
      .filter(part => part !== undefined)
      .join(', ')
    const text = `${where ? `${where}: ` : ''}${this.message}`
    return printable(hint ? `${text.replace(/\.$/, '')}. ${hint}.` : text)
  }
}

/** An option, argument or combination that cannot work, found before anything is read. Exit code 2. */
export class UsageError extends DetcalError {
  readonly tag = 'usage'
  readonly exitCode = 2
}

/** Input that is missing, damaged, inconsistent or changing. Exit code 1. */
export class DataError extends DetcalError {
  readonly tag = 'data'
  readonly exitCode = 1
}

/** Constants that are missing, ambiguous or do not fit. Exit code 1. */
export class ConstantsError extends DetcalError {
  readonly tag = 'constants'
  readonly exitCode = 1
}

/** Output that cannot be written: no space, no permission, in the way. Exit code 1. */
export class OutputError extends DetcalError {
  readonly tag = 'output'
  readonly exitCode = 1
}

/** Another process holds what this one needs. Exit code 1. */
export class BusyError extends DetcalError {
  readonly tag = 'busy'
  readonly exitCode = 1
}

/** Narrowing guard: `isDetcalError(error, 'data')`. */
export function isDetcalError(error: unknown, tag?: DetcalError['tag']): error is DetcalError {
  if (!(error instanceof Error && MARK in error)) return false
  return tag === undefined || (error as DetcalError).tag === tag
}

/** Any thrown value in one line for people. */
export function errorText(error: unknown): string {
  return isDetcalError(error) ? error.line : error instanceof Error ? error.message : String(error)
}

/** A plain form that survives `postMessage`, where classes do not. */
export interface ErrorRecord {
  readonly tag: DetcalError['tag'] | 'internal'
  readonly message: string
  readonly place: Place
  readonly hint?: string
  readonly stack?: string
}

/** The record of any thrown value; {@link errorOf} is its inverse. */
export function recordOf(error: unknown): ErrorRecord {
  if (error instanceof DetcalError) {
    const { tag, message, place, hint } = error
    return hint === undefined ? { tag, message, place } : { tag, message, place, hint }
  }
  if (error instanceof Error) {
    return {
      tag: 'internal',
      message: error.message,
      place: {},
      ...(error.stack ? { stack: error.stack } : {}),
    }
  }
  return { tag: 'internal', message: String(error), place: {} }
}

const CLASSES = {
  usage: UsageError,
  data: DataError,
  output: OutputError,
  constants: ConstantsError,
  busy: BusyError,
}

/** The error a record was made of. */
export function errorOf(record: ErrorRecord): Error {
  if (record.tag === 'internal') {
    const error = new Error(record.message)
    if (record.stack !== undefined) error.stack = record.stack
    return error
  }
  const { place, hint, message } = record
  return new CLASSES[record.tag](message, hint === undefined ? { place } : { place, hint })
}
