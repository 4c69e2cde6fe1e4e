import { median } from '../src/model/median.js'
import type { Machine } from './machine.js'

/** Time of one pass over a working set, or of one whole process. */
export interface Sample {
  /** Wall time. */
  readonly ns: number
  /** Processor time of all threads of whoever worked; absent where it cannot be told. */
  readonly cpuNs?: number
}

/** What one implementation needed for one task. Times are a pixel of one module frame, ns. */
export interface Result {
  /** The task: `kernel, 0.4 % switched`. */
  readonly name: string
  /** Who did it; detcal's own begin with `detcal`. */
  readonly implementation: string
  /** Median of the rounds. */
  readonly nsPerPixel: number
  readonly min: number
  readonly max: number
  /** Every round, in order. */
  readonly samples: readonly number[]
  readonly cpuNsPerPixel?: number
  /** Bytes that the task has to move, read and write counted, a second. */
  readonly gbPerSecond?: number
  /**
   * Processor time (wall time where that is unknown) that copying as many bytes takes on this machine, over the time
   * taken: 1 is the bound. Processor time, since a thread that others keep waiting moves no bytes.
   */
  readonly boundFraction?: number
  /** Time over that of detcal right before it, median of the pairs: above 1, detcal is faster. */
  readonly ratio?: number
  /** The same of processor time. */
  readonly cpuRatio?: number
  /** Everything else worth a number: seconds of a phase, bytes of memory, size of output. */
  readonly details?: Readonly<Record<string, number>>
  readonly note?: string
}

/** What a benchmark prints with `--json`, and what `--compare` reads. */
export interface BenchReport {
  readonly machine: Machine
  readonly results: readonly Result[]
}

/** True for detcal's own implementations: the ones that `--compare` holds to a baseline. */
export function isOwn({ implementation }: Pick<Result, 'implementation'>): boolean {
  return implementation.startsWith('detcal')
}

/** What a task is, for turning samples into results. */
export interface Task {
  readonly name: string
  readonly pixels: number
  /** Bytes read and written a pixel by whoever does no more than needed. */
  readonly bytesPerPixel?: number
  /** Copying as many bytes, measured in the same rounds. */
  readonly bound?: Pick<Result, 'nsPerPixel' | 'cpuNsPerPixel'>
}

/** Samples of one implementation; `own` are detcal's right before each, where it was measured in pairs. */
export interface Series {
  readonly implementation: string
  readonly samples: readonly Sample[]
  readonly own?: readonly Sample[]
  readonly details?: Readonly<Record<string, number>>
  readonly note?: string
}

/** The figures of one series. */
export function resultOf({ name, pixels, bytesPerPixel, bound }: Task, series: Series): Result {
  const { implementation, samples, own, details, note } = series
  const perPixel = samples.map(({ ns }) => ns / pixels)
  const nsPerPixel = median(perPixel)
  const cpu = cpuOf(samples)
  const ownCpu = own && cpuOf(own)
  const pairs = (of: readonly number[], over: readonly number[]): number =>
    median(of.map((value, i) => value / (over[i] ?? Number.NaN)))
  return {
    name,
    implementation,
    nsPerPixel,
    min: Math.min(...perPixel),
    max: Math.max(...perPixel),
    samples: perPixel,
    ...(cpu ? { cpuNsPerPixel: median(cpu) / pixels } : {}),
    ...(bytesPerPixel === undefined ? {} : { gbPerSecond: bytesPerPixel / nsPerPixel }),
    ...(bound === undefined
      ? {}
      : { boundFraction: boundOf(bound, nsPerPixel, cpu && median(cpu) / pixels) }),
    ...(own
      ? {
          ratio: pairs(
            samples.map(s => s.ns),
            own.map(s => s.ns),
          ),
        }
      : {}),
    ...(cpu && ownCpu ? { cpuRatio: pairs(cpu, ownCpu) } : {}),
    ...(details ? { details } : {}),
    ...(note === undefined ? {} : { note }),
  }
}

function boundOf(bound: NonNullable<Task['bound']>, ns: number, cpuNs: number | undefined): number {
  if (bound.cpuNsPerPixel === undefined || cpuNs === undefined) return bound.nsPerPixel / ns
  return bound.cpuNsPerPixel / cpuNs
}

function cpuOf(samples: readonly Sample[]): number[] | undefined {
  const cpu = samples.flatMap(({ cpuNs }) => (cpuNs === undefined ? [] : [cpuNs]))
  return cpu.length === samples.length && cpu.length > 0 ? cpu : undefined
}
