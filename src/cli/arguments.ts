import type { Arguments } from 'yargs'
import { UsageError } from '../model/errors.js'

/** The types of a command's arguments in yargs. */
export interface ArgumentTypes {
  readonly array: readonly string[]
  readonly string: readonly string[]
  readonly number: readonly string[]
  /** All of them, by name. */
  readonly key: Readonly<Record<string, unknown>>
}

/** `--trains -4:` as `--trains=-4:`: yargs takes a slice that begins from behind for options of its own. */
export function withSlices(args: readonly string[]): string[] {
  const joined: string[] = []
  for (const arg of args) {
    const option = joined.at(-1)
    if (option !== undefined && /^--[\w-]+$/.test(option) && /^-\d+:/.test(arg))
      joined[joined.length - 1] = `${option}=${arg}`
    else joined.push(arg)
  }
  return joined
}

/**
 * Refuses what yargs accepts: an argument given twice, without a value, with a value that is not a number, or, from a
 * file of options, of another type.
 * @throws UsageError naming the argument.
 */
export function checkArguments(args: Arguments, types: ArgumentTypes): true {
  for (const type of ['string', 'number'] as const) {
    for (const name of types[type]) {
      const value = args[name]
      if (value === undefined) continue
      if (Array.isArray(value) !== types.array.includes(name))
        throw new UsageError(
          `argument ${name} is ${Array.isArray(value) ? 'given several times' : 'no list'}`,
        )
      for (const item of [value].flat()) checkItem(name, type, item)
    }
  }
  return true
}

function checkItem(name: string, type: 'string' | 'number', item: unknown): void {
  if (item === '') throw new UsageError(`argument ${name} is empty`, { hint: 'Give it a value' })
  if (typeof item !== type || Number.isNaN(item))
    throw new UsageError(`argument ${name} is not ${type === 'number' ? 'a number' : 'text'}`)
}

/** yargs' messages in plain words. */
export function usageMessage(message: string): string {
  if (message.startsWith('Not enough non-option arguments')) return 'an argument is missing'
  const empty = /^Not enough arguments following: (.+)$/.exec(message)?.[1]
  if (empty !== undefined) return `argument ${empty} is empty: give it a value`
  const meant = /^Did you mean (.+)\?$/.exec(message)?.[1]
  return meant === undefined ? message : `there is no such command; ${meant} is one`
}
