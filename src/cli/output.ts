/** Prints `value` as the command's result: JSON on stdout, bigints as text. */
export function printJson(value: unknown): void {
  process.stdout.write(
    `${JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item), 2)}\n`,
  )
}
