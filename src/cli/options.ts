import { machineLimits, memoryBudget, parseBytes } from '../engine/plan/budget.js'
import type { Config } from '../engine/run/config.js'
import type { MachineOptions } from '../engine/run/prepare.js'
import { UsageError } from '../model/errors.js'

/** What yargs takes for an option with a text: it is refused without one. */
export const textOption = (describe: string, group?: string) =>
  ({ type: 'string', requiresArg: true, describe, ...(group !== undefined && { group }) }) as const

/** The same for a number. */
export const numberOption = (describe: string, group?: string) =>
  ({ type: 'number', requiresArg: true, describe, ...(group !== undefined && { group }) }) as const

/** The same for a text that may be given again. */
export const listOption = (describe: string, group?: string) =>
  ({ ...textOption(describe, group), array: true, nargs: 1, default: [] }) as const

/** What yargs takes for a switch that is off by default. */
export const flagOption = (describe: string, group?: string) =>
  ({ type: 'boolean', default: false, describe, ...(group !== undefined && { group }) }) as const

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

/** What the options say of the machine; absent: as it is by default. */
export type MachineArguments = Config['machine']

/** What a command may use of the machine: by default all cores, and memory as {@link memoryBudget} has it. @throws UsageError */
export function machineOf({
  workers,
  memory,
}: MachineArguments): Required<Pick<MachineOptions, 'workers' | 'memory'>> {
  const limits = machineLimits()
  return {
    workers: parseWorkers(workers, limits.cpus),
    memory: memoryBudget(memory === undefined ? undefined : parseBytes(memory), limits),
  }
}

/** A number of threads; default: the number of cores. @throws UsageError */
function parseWorkers(asked: number | undefined, cpus: number): number {
  if (asked === undefined) return cpus
  if (Number.isInteger(asked) && asked >= 1 && asked <= 256) return asked
  throw new UsageError(`--workers ${asked} is not a number of threads`, {
    hint: `Use 1 to 256; there are ${cpus} cores`,
  })
}
