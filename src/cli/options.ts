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

/** A number of threads; default: the number of cores. @throws UsageError */
export function parseWorkers(asked: number | undefined, cpus: number): number {
  if (asked === undefined) return cpus
  if (Number.isInteger(asked) && asked >= 1 && asked <= 256) return asked
  throw new UsageError(`--workers ${asked} is not a number of threads`, {
    hint: `Use 1 to 256; there are ${cpus} cores`,
  })
}
