import { UsageError } from './errors.js'

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * An ISO 8601 date or time; without a zone it means UTC, unlike `new Date`.
 * @throws UsageError naming `option` if it is neither.
 */
export function parseTime(text: string, option: string): Date {
  const [, day, time = '00:00', zone = 'Z'] = ISO.exec(text.trim()) ?? []
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()
  const parsed = new Date(`${day}T${time}${colon}`)
  if (day !== undefined && !Number.isNaN(parsed.getTime())) return parsed
  throw new UsageError(`${option} ${JSON.stringify(text)} is not a time`, {
    hint: 'Write it as 2025-01-29T18:36:06Z; no zone means UTC',
  })
}
