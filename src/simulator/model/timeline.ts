import type { SimulationOptions } from './options.js'

/**
 * Times and names: the same for the same options, so that a simulated run is byte for byte the same. Each seed is a
 * separate detector with a separate day, on which its constants begin and its runs follow: the constants closest in
 * time to a run are those of its seed.
 */
const DAYS_FROM = Date.UTC(2020, 0, 1)
const DAY = 86_400_000
const DAYS = 2000

/** Distance of pulse ids: 1.1 MHz, where ids count at 4.5 MHz. */
const PULSE_STEP = 4

/** When the constants of a seed become valid. */
export function constantsBegin(seed: number): Date {
  return new Date(DAYS_FROM + (seed % DAYS) * DAY)
}

/** When a run begins: an hour and its number of minutes, at most half a day, after the constants. */
export function runBegin({ seed, run }: Pick<SimulationOptions, 'seed' | 'run'>): Date {
  return new Date(constantsBegin(seed).getTime() + 3_600_000 + (run % 600) * 60_000)
}

/** A contiguous part of a run's trains, one file a module. */
export interface Sequence {
  readonly number: number
  readonly trainIds: readonly number[]
  /** ns since 1970 UTC: ten trains a second. */
  readonly timestamps: readonly bigint[]
}

/** The sequences of a run, `trainsPerFile` trains each, the last with the rest. */
export function sequencesOf(options: SimulationOptions): Sequence[] {
  const { trains, trainsPerFile, run } = options
  const firstId = 10_000_000_000 + run * 1_000_000
  const begin = BigInt(runBegin(options).getTime()) * 1_000_000n
  const sequences: Sequence[] = []
  for (let first = 0; first < trains; first += trainsPerFile) {
    const count = Math.min(trainsPerFile, trains - first)
    const positions = Array.from({ length: count }, (_, i) => first + i)
    sequences.push({
      number: sequences.length,
      trainIds: positions.map(i => firstId + i),
      timestamps: positions.map(i => begin + BigInt(i) * 100_000_000n),
    })
  }
  return sequences
}

/** Pulse id of the frame in memory cell `cell`. */
export function pulseOf(cell: number): number {
  return cell * PULSE_STEP
}

/** Pulses a second within a train, MHz, as control data and conditions state it. */
export const REPETITION_RATE = Math.floor(45 / PULSE_STEP) / 10
