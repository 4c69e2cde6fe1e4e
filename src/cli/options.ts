import { UsageError } from '../model/errors.js'

/** `name=value` pairs; names and values trimmed, the value may hold further `=`. @throws UsageError naming `option`. */
export function parsePairs(pairs: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at <= 0)
        throw new UsageError(`${option} ${JSON.stringify(pair)} is not name=value`, {
          hint: `Write it like ${option} "Memory cells=352"`,
        })
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    }),
  )
}

/** ISO 8601, UTC where no zone is given. @throws UsageError */
export function parseTime(text: string): Date {
  const zoned = /(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`
  const time = new Date(zoned)
  if (Number.isNaN(time.getTime()) || !/^\d{4}-\d{2}-\d{2}/.test(text)) {
    throw new UsageError(`${JSON.stringify(text)} is not a time`, {
      hint: 'Write it like 2026-01-31T12:00:00Z',
    })
  }
  return time
}
