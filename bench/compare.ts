import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { DataError } from '../src/model/errors.js'
import { shaped } from '../src/model/shape.js'
import { type BenchReport, isOwn, type Result } from './result.js'

/** What of an earlier report is compared; it may be one of another version. */
const BASELINE = v.object({
  machine: v.object({}),
  results: v.pipe(
    v.array(v.object({ name: v.string(), implementation: v.string(), nsPerPixel: v.number() })),
    v.readonly(),
  ),
})

export type Baseline = v.InferOutput<typeof BASELINE>

/** Reads what `--json` printed. @throws DataError naming the file, and the key that is not as it must be. */
export function readReport(path: string): Baseline {
  const refuse = (message: string): DataError =>
    new DataError(message, { place: { file: path }, hint: 'Give a file that detcal bench --json printed' })
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw refuse(`cannot be read: ${(error as Error).message}`)
  }
  return shaped(BASELINE, value, message => refuse(`it is no result of a benchmark: ${message}`))
}

/** What of detcal's own takes more than `threshold` times as long as in `baseline`, a line each. */
export function slower(report: BenchReport, baseline: Baseline, threshold: number): string[] {
  const key = ({ name, implementation }: Pick<Result, 'name' | 'implementation'>): string =>
    `${name}: ${implementation}`
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
