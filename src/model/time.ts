import { UsageError } from './errors.js'

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i

/** ISO 8601, UTC where no zone is given (`new Date` would take the machine's). @throws UsageError */
export function parseTime(text: string): Date {
  const [, day, clock = '00:00', zone = 'Z'] = ISO.exec(text.trim()) ?? []
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()
  const time = new Date(`${day}T${clock}${colon}`)
  // 30 February would become 2 March.
  const exists =
    day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)
  if (exists && !Number.isNaN(time.getTime())) return time
  throw new UsageError(`${JSON.stringify(text)} is not a time`, {
    hint: 'Write it like 2026-01-31T12:00:00Z',
  })
}
