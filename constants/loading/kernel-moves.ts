import type { Kernels } from '../../src/wasm/kernels.js'
import type { ConstantSource } from '../files/source.js'
import type { Contribution } from './recipes.js'

/** The kernels that move elements. */
export type GatherName = {
  [N in keyof Kernels]: N extends `gather${string}` | `or${string}` | `times${string}` ? N : never
}[keyof Kernels]

/** A plane of a constant on its way into a plane of a lane. */
export interface Move {
  readonly gather: GatherName
  /** Plane of the constant, plane of the lane. */
  readonly read: number
  readonly plane: number
  /** The plane must be cleared first, since the kernel adds to its contents. */
  readonly clears: boolean
}

/** The lane's two planes of thresholds, made of T0 and T1 after these have been moved there. */
export interface Thresholds {
  readonly medium: number
  readonly low: number
  readonly gap: boolean
}

export interface Moves {
  readonly moves: readonly Move[]
  readonly thresholds: Thresholds | undefined
  /** Contributions that no kernel can make. */
  readonly left: readonly Contribution[]
}

/** Which of the contributions of `source` kernels can make, and how. */
export function movesOf(source: ConstantSource, uses: readonly Contribution[]): Moves {
  const moves: Move[] = []
  const left: Contribution[] = []
  const medium = uses.filter(({ form }) => form === 'medium-threshold')
  const low = uses.filter(({ form }) => form === 'low-threshold')
  const [t0, t1] = [medium[0], low[0]]
  const paired = medium.length === 1 && low.length === 1 && t0?.gap === t1?.gap
  for (const use of uses) {
    const { form, reads, plane } = use
    const threshold = form === 'medium-threshold' || form === 'low-threshold'
    const gather = threshold && !paired ? undefined : gatherName(source, form)
    const read = reads[form === 'low-threshold' ? 1 : 0] ?? 0
    if (gather === undefined) left.push(use)
    else moves.push({ gather, read, plane, clears: form === 'assign' && gather !== 'gather32' })
  }
  const moved = paired && left.every(use => use !== t0)
  return {
    moves,
    thresholds: moved && t0 && t1 ? { medium: t0.plane, low: t1.plane, gap: t0.gap === true } : undefined,
    left,
  }
}

/** The kernel for a constant's element type; undefined if there is none. */
function gatherName(
  { dtype, calibration }: ConstantSource,
  form: Contribution['form'],
): GatherName | undefined {
  if (form === 'formula') return undefined
  if (calibration.kind === 'float') {
    const times = form === 'times'
    if (dtype === 'f8') return times ? 'timesF64' : 'gatherF64'
    return dtype === 'f4' ? (times ? 'timesF32' : 'gather32') : undefined
  }
  // An upper half that is not zero is refused, so the sign does not matter.
  if (dtype === 'u8' || dtype === 'i8') return 'orU64'
  if (dtype === 'f8') return 'orF64'
  if (dtype === 'u4' || dtype === 'i4') return form === 'assign' ? 'gather32' : 'orU32'
  return undefined
}
