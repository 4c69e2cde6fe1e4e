import * as v from 'valibot'
import { RUN_FIELDS } from './run-key.js'

const RUN = v.optional(RUN_FIELDS.run)
const RUNS = v.strictObject({ high: RUN, medium: RUN, low: RUN, run: RUN })

/** The runs of a dark request: one of each gain stage, or `run` for one that has all; and what of them is wanted. */
export const DARK_RUNS = v.strictObject({
  runs: v.pipe(RUNS, v.minEntries(1, 'it names no run')),
  /** Module numbers, `0,3,5-7`; absent: all. */
  modules: v.optional(v.pipe(v.string(), v.regex(/^[\d,-]{1,64}$/, 'it is no list of modules, such as 0-3'))),
})

/** What {@link DARK_RUNS} has checked. */
export interface DarkRuns {
  readonly runs: {
    readonly high?: number | undefined
    readonly medium?: number | undefined
    readonly low?: number | undefined
    readonly run?: number | undefined
  }
  readonly modules?: string | undefined
}

/** The numbers of the runs, each once. */
export function numbersOf({ runs }: Pick<DarkRuns, 'runs'>): number[] {
  const { high, medium, low, run } = runs
  const all = [high, medium, low, run].flatMap(number => number ?? [])
  return all.filter((number, i) => all.indexOf(number) === i)
}

/** Dark runs as the queue has them: one text for the same runs, however they were asked for. */
export function darkText({ runs, modules }: DarkRuns): string {
  const { high, medium, low, run } = runs
  return JSON.stringify({ runs: { high, medium, low, run }, modules })
}

/** @throws Error if it is not what {@link darkText} made. */
export function darkRunsOf(text: string): DarkRuns {
  return v.parse(DARK_RUNS, JSON.parse(text))
}
