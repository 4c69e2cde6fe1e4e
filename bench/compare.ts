import { readFileSync } from 'node:fs'
import { DataError } from '../src/model/errors.js'
import { type BenchReport, isOwn, type Result } from './result.js'

/** Reads what `--json` printed. @throws DataError naming the file. */
export function readReport(path: string): BenchReport {
  const refuse = (message: string): DataError =>
    new DataError(message, { place: { file: path }, hint: 'Give a file that detcal bench --json printed' })
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw refuse(`cannot be read: ${(error as Error).message}`)
  }
  const { machine, results } = (value ?? {}) as Partial<BenchReport>
  const whole = typeof machine === 'object' && Array.isArray(results) && results.every(isResult)
  if (!whole) throw refuse('it is no result of a benchmark')
  return value as BenchReport
}

function isResult(value: unknown): boolean {
  const { name, implementation, nsPerPixel } = (value ?? {}) as Partial<Result>
  return typeof name === 'string' && typeof implementation === 'string' && typeof nsPerPixel === 'number'
}

/** What of detcal's own takes more than `threshold` times as long as in `baseline`, a line each. */
export function slower(report: BenchReport, baseline: BenchReport, threshold: number): string[] {
  const key = ({ name, implementation }: Result): string => `${name}: ${implementation}`
  const before = new Map(baseline.results.map(result => [key(result), result.nsPerPixel]))
  return report.results.filter(isOwn).flatMap(result => {
    const then = before.get(key(result))
    if (then === undefined || result.nsPerPixel <= threshold * then) return []
    const times = (result.nsPerPixel / then).toFixed(2)
    return [
      `${key(result)}: ${result.nsPerPixel.toFixed(2)} ns a pixel, was ${then.toFixed(2)} (${times} times)`,
    ]
  })
}
