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

/** A number of threads, the cores there are where none is given. @throws UsageError */
export function parseWorkers(asked: number | undefined, cpus: number): number {
  if (asked === undefined) return cpus
  if (Number.isInteger(asked) && asked >= 1 && asked <= 256) return asked
  throw new UsageError(`--workers ${asked} is not a number of threads`, {
    hint: `Use 1 to 256; there are ${cpus} cores`,
  })
}
