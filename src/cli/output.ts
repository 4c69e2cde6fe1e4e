import { software } from '../files/version.js'

/** A result as text and as JSON. */
export interface Report {
  readonly text: string
  readonly json: object
}

/** Prints one of the two. */
export function printReport({ text, json }: Report, asJson: boolean): void {
  if (asJson) printJson(json)
  else process.stdout.write(text)
}

/**
 * Prints `value` as the command's result: JSON on stdout, bigints as text. A result, unlike a list, includes the
 * software version.
 */
export function printJson(value: object): void {
  const result = Array.isArray(value) ? value : { software: software(), ...value }
  process.stdout.write(
    `${JSON.stringify(result, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item), 2)}\n`,
  )
}
