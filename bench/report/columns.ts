import type { BenchReport, Result } from '../result.js'

/** Results of one task, in the order they were measured. */
export interface TaskGroup {
  readonly name: string
  readonly results: readonly Result[]
}

export function groupsOf({ results }: BenchReport): TaskGroup[] {
  const names = [...new Set(results.map(({ name }) => name))]
  return names.map(name => ({ name, results: results.filter(result => result.name === name) }))
}

export const HEADER = [
  'implementation',
  'ns/pixel',
  'min',
  'max',
  'CPU ns/pixel',
  'GB/s',
  'of bound',
  'times detcal',
  'in CPU',
  '',
]

/** The cells of a result's row, under {@link HEADER}. */
export function rowOf(result: Result): string[] {
  const { implementation, nsPerPixel, min, max, cpuNsPerPixel, gbPerSecond, boundFraction, ratio, cpuRatio } =
    result
  return [
    implementation,
    figure(nsPerPixel),
    figure(min),
    figure(max),
    figure(cpuNsPerPixel),
    figure(gbPerSecond),
    boundFraction === undefined ? '' : boundFraction.toFixed(2),
    figure(ratio),
    figure(cpuRatio),
    remarks(result),
  ]
}

function remarks({ note, details }: Result): string {
  const named = Object.entries(details ?? {}).map(([name, value]) => `${name} ${figure(value)}`)
  return [...(note === undefined ? [] : [note]), ...named].join(', ')
}

/** Three digits that matter. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return ''
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}
