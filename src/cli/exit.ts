import { constants } from 'node:os'
import { type DetcalError, isDetcalError } from '../model/errors.js'
import type { Problem } from '../model/problem.js'
import { fittingAdvice } from './fitting-advice.js'

/** Exit codes of the contract; a signal adds its number to 128. */
export const EXIT = { done: 0, problems: 1, usage: 2, internal: 70 } as const

/** The code of a command that found `problems`: warnings are none. */
export function exitCodeOf(problems: readonly Problem[]): number {
  return problems.some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.done
}

/** How a command ends: its exit code and what stderr says. */
export interface Ending {
  readonly code: number
  readonly text?: string
}

/** Thrown by {@link interruptible} when a signal ended its work. */
export class InterruptedError extends Error {
  readonly signal: NodeJS.Signals
  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }
}

/** What a thrown value means for the caller of the command. */
export function failureOf(error: unknown): Ending {
  if (error instanceof InterruptedError) {
    return {
      code: 128 + (constants.signals[error.signal] ?? 0),
      text: `detcal: ${error.message}, nothing partial is left`,
    }
  }
  if (isDetcalError(error)) return { code: error.exitCode, text: `detcal: ${lineOf(error)}` }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: EXIT.internal, text: `detcal: internal error, please report it with this text\n${stack}` }
}

/** The error's line, with what of its hint the command can be told. */
function lineOf(error: DetcalError): string {
  return error.lineWith(error.hint === undefined ? undefined : fittingAdvice(error.hint))
}

/** Sets the exit code and prints; output that is still in a pipe is not cut off. */
export function endWith({ code, text }: Ending): void {
  if (text !== undefined) process.stderr.write(`${text}\n`)
  process.exitCode = code
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Ends the process as the signal does by itself, which a shell sees as 128+n. `process.exit` would end threads in good order, and
 * WebGPU takes it for a fault, with another exit code, if one ends while a device works for it.
 */
function dieOf(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): void {
  process.off(signal, listener)
  process.kill(process.pid, signal)
}

/**
 * Runs `work` with a signal that SIGINT, SIGTERM and SIGHUP abort. A second one ends the process at once.
 * @throws InterruptedError if a signal came, after `work` has cleaned up.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let received: NodeJS.Signals | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (received !== undefined) {
      dieOf(signal, onSignal)
      return
    }
    received = signal
    // Should the work never settle, the process does not look as if it had ended well.
    process.exitCode = 128 + (constants.signals[signal] ?? 0)
    process.stderr.write(`\ndetcal: ${signal}, stopping (once more ends it at once)\n`)
    controller.abort()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  try {
    return await work(controller.signal)
  } catch (error) {
    throw received === undefined ? error : new InterruptedError(received)
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
