import type { Chain } from '../chain.js'
import type { StepOptions } from '../steps.js'
import type { PixelOperation } from './operations.js'

type Fields<T> = T extends PixelOperation ? Partial<Omit<T, 'step' | 'do'>> : never

/** What a reading changes of the operations of one step. */
export interface StepChange {
  readonly step: string
  /** Fields that are otherwise. */
  readonly with?: Fields<PixelOperation>
  /** The step behind which it comes instead; `before`: in front of which. */
  readonly after?: string
  readonly before?: string
}

/** The planes of images of a CORR file that are explained. */
export const EXPLAINED = ['gain', 'data', 'mask'] as const
export type Explained = (typeof EXPLAINED)[number]

/** Another way in which a step of the facility may be meant, where only memory tells what it does. */
export interface StepReading {
  readonly name: string
  /** What is open. Readings of one question exclude each other. */
  readonly question: string
  /** A sentence without the full stop. */
  readonly about: string
  /** The dataset in which it shows, all that come before it being given. */
  readonly tells: Explained
  readonly change: readonly StepChange[]
}

/** What a detector's corrections may mean, as far as that is open. */
export interface OpenCorrections {
  /** What a chain does, as decided (`reference.ts`, bit by bit). */
  operations(chain: Chain, options: StepOptions): readonly PixelOperation[]
  /** In the order in which they are told; a new one is an entry here. */
  readonly readings: readonly StepReading[]
  /** Steps that are in the planes of others, and no operation of their own. */
  readonly inPlanes: readonly string[]
}

/**
 * The operations as `readings` change them, in that order.
 * @returns undefined where one of them concerns a step that is not done.
 */
export function readAs(
  operations: readonly PixelOperation[],
  readings: readonly StepReading[],
): readonly PixelOperation[] | undefined {
  let changed: readonly PixelOperation[] | undefined = operations
  for (const change of readings.flatMap(reading => reading.change)) {
    changed = changed && withChange(changed, change)
  }
  return changed
}

function withChange(
  operations: readonly PixelOperation[],
  { step, with: fields, after, before }: StepChange,
): readonly PixelOperation[] | undefined {
  if (!operations.some(operation => operation.step === step)) return undefined
  const changed = operations.map(operation =>
    operation.step === step ? ({ ...operation, ...fields } as PixelOperation) : operation,
  )
  const place = after ?? before
  if (place === undefined) return changed
  const rest = changed.filter(operation => operation.step !== step)
  const at =
    after === undefined
      ? rest.findIndex(operation => operation.step === place)
      : rest.findLastIndex(operation => operation.step === place) + 1
  const moved = changed.filter(operation => operation.step === step)
  const known = rest.some(operation => operation.step === place)
  return known ? [...rest.slice(0, at), ...moved, ...rest.slice(at)] : undefined
}
