import type { PlaneRecipe } from '../planes.js'
import { CANONICAL_NAN, VALUE_IS_NAN, VALUE_OUT_OF_RANGE } from '../reference.js'
import { mapPlanes, type PixelOperation } from './operations.js'

const f32 = Math.fround

/** One frame of one module as stored: an element a pixel, in image order. */
export interface OpenFrame {
  /** Analogue signals: one plane, in parallel gain one for each stage. */
  readonly signals: readonly Uint16Array[]
  /** AGIPD: the second plane. */
  readonly rawGain?: Uint16Array
}

/** Two views of a plane of constants of the frame's cell. */
export interface OpenPlane {
  readonly f32: Float32Array
  readonly u32: Uint32Array
}

/** Finds a plane. */
export type PlaneLookup = (recipe: PlaneRecipe) => OpenPlane

/** The gain stage of each pixel, by the operations that find one. */
export function openGain(
  operations: readonly PixelOperation[],
  { signals, rawGain }: OpenFrame,
  planeOf: PlaneLookup,
): Uint8Array {
  const [first = new Uint16Array(0)] = signals
  const gain = new Uint8Array(first.length)
  const { signal } = signalOf(operations)
  for (const operation of operations) {
    if (operation.do === 'fixed-stage') gain.fill(operation.stage)
    else if (operation.do === 'threshold') {
      const [t0, t1] = operation.planes.map(recipe => planeOf(recipe).f32)
      for (let p = 0; p < gain.length; p++) {
        const r = rawGain?.[p] ?? 0
        const beyond = (t: number) => r > t || (operation.inclusive && r === t)
        gain[p] = beyond(t1?.[p] ?? Number.NaN) ? 2 : beyond(t0?.[p] ?? Number.NaN) ? 1 : 0
      }
    } else if (operation.do === 'stage-bits')
      for (let p = 0; p < gain.length; p++) {
        const stage = ((first[p] ?? 0) >> 12) & 3
        gain[p] = stage === 3 ? operation.wrong : stage
      }
    else if (operation.do === 'saturation') {
      const limits = operation.planes.map(recipe => planeOf(recipe).f32)
      for (let p = 0; p < gain.length; p++) {
        const stage = limits.findIndex((limit, g) => !(signal(signals[g]?.[p] ?? 0) >= (limit[p] ?? 0)))
        gain[p] = stage < 0 ? limits.length : stage
      }
    } else if (operation.do === 'force') {
      const { from, to, limit, inclusive } = operation
      const above = planeOf(operation.above).f32
      for (let p = 0; p < gain.length; p++) {
        if (!from.includes(gain[p] ?? 0)) continue
        const d = f32(signal(first[p] ?? 0) - (above[p] ?? 0))
        if (d < limit || (inclusive && d === limit)) gain[p] = to
      }
    }
  }
  return gain
}

/** The values, of pixels in these gain stages. `judged` are those that `range` looks at, before it writes 0. */
export function openData(
  operations: readonly PixelOperation[],
  { signals }: OpenFrame,
  gain: Uint8Array,
  planeOf: PlaneLookup,
): { readonly data: Float32Array; readonly judged: Float32Array } {
  const data = new Float32Array(gain.length)
  const { signal } = signalOf(operations)
  const last = signals.length - 1
  for (let p = 0; p < data.length; p++) data[p] = signal(signals[Math.min(gain[p] ?? 0, last)]?.[p] ?? 0)
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]
    if (operation?.do === 'subtract') {
      const planes = operation.planes.map(recipe => oriented(planeOf(recipe).f32, operation))
      for (let p = 0; p < data.length; p++) data[p] = (data[p] ?? 0) - (ofStage(planes, gain[p])[p] ?? 0)
    } else if (operation?.do === 'scale') {
      const joined = [operation]
      while (operation.joined) {
        const next = operations[i + 1]
        if (next?.do !== 'scale' || !next.joined) break
        joined.push(next)
        i++
      }
      scale(data, joined, gain, planeOf)
    } else if (operation?.do === 'add') {
      const plane = planeOf(operation.plane).f32
      for (let p = 0; p < data.length; p++)
        if (operation.stages.includes(gain[p] ?? 0)) data[p] = (data[p] ?? 0) + (plane[p] ?? 0)
    } else if (operation?.do === 'floor')
      for (let p = 0; p < data.length; p++)
        if ((data[p] ?? 0) < 0 && operation.stages.includes(gain[p] ?? 0)) data[p] = 0
  }
  const judged = data.slice()
  for (const operation of operations) if (operation.do === 'range') writeZeros(data, operation)
  const bits = new Uint32Array(data.buffer)
  for (let p = 0; p < data.length; p++) if (Number.isNaN(data[p])) bits[p] = CANONICAL_NAN
  return { data, judged }
}

function scale(
  data: Float32Array,
  [first, ...others]: readonly Extract<PixelOperation, { do: 'scale' }>[],
  gain: Uint8Array,
  planeOf: PlaneLookup,
): void {
  if (first === undefined) return
  const [planes, ...more] = [first, ...others].map(each =>
    each.planes.map(recipe => oriented(planeOf(recipe).f32, each)),
  )
  for (let p = 0; p < data.length; p++) {
    const factor = ofStage(planes ?? [], gain[p])[p] ?? 0
    if (others.length === 0) {
      data[p] = first.divide ? (data[p] ?? 0) / factor : (data[p] ?? 0) * factor
      continue
    }
    let product = first.divide ? f32(1 / factor) : factor
    for (const [i, each] of more.entries()) {
      const next = ofStage(each, gain[p])[p] ?? 0
      product = f32(others[i]?.divide ? product / next : product * next)
    }
    data[p] = (data[p] ?? 0) * product
  }
}

function writeZeros(
  data: Float32Array,
  { zeroNans, zeroOrange }: Extract<PixelOperation, { do: 'range' }>,
): void {
  for (let p = 0; p < data.length; p++) {
    const value = data[p] ?? 0
    if ((zeroNans && !Number.isFinite(value)) || (zeroOrange && Math.abs(value) > 1e7)) data[p] = 0
  }
}

/** The masks, of pixels in these gain stages, with these values: `judged` of {@link openData}. */
export function openMask(
  operations: readonly PixelOperation[],
  { signals }: OpenFrame,
  gain: Uint8Array,
  judged: Float32Array,
  planeOf: PlaneLookup,
): Uint32Array {
  const mask = new Uint32Array(gain.length)
  for (const operation of operations) {
    if (operation.do === 'stage-bits') {
      const words = signals[0]
      for (let p = 0; p < mask.length; p++)
        if ((((words?.[p] ?? 0) >> 12) & 3) === 3) mask[p] = (mask[p] ?? 0) | operation.mark
    } else if (operation.do === 'mask') {
      const planes = mapPlanes(operation).map(recipe => oriented(planeOf(recipe).u32, operation))
      const { of } = operation
      for (let p = 0; p < mask.length; p++)
        for (const plane of of === 'any' ? planes : [ofStage(planes, of === 'own' ? gain[p] : 0)])
          mask[p] = (mask[p] ?? 0) | (plane[p] ?? 0)
    } else if (operation.do === 'range' && operation.bits)
      for (let p = 0; p < mask.length; p++) {
        const value = judged[p] ?? 0
        if (!Number.isFinite(value)) mask[p] = (mask[p] ?? 0) | VALUE_IS_NAN
        if (Math.abs(value) > 1e7) mask[p] = (mask[p] ?? 0) | VALUE_OUT_OF_RANGE
      }
  }
  return mask
}

/** How a raw number is read. */
function signalOf(operations: readonly PixelOperation[]): { readonly signal: (raw: number) => number } {
  const found = operations.find(operation => operation.do === 'signal')
  const { bits, zero } = found ?? { bits: 16, zero: 0 }
  const all = 2 ** bits - 1
  return { signal: raw => raw & all || zero }
}

/** The plane of a stage: of one that there is not, the last; of all stages where there is one only. */
function ofStage<Plane>(planes: readonly Plane[], stage = 0): Plane {
  const plane = planes[Math.min(stage, planes.length - 1)]
  if (plane === undefined) throw new RangeError('an operation has no planes')
  return plane
}

/** The plane, or, of a square module, the plane with its axes the other way round. */
function oriented<Plane extends Float32Array | Uint32Array>(
  plane: Plane,
  { transposed = false }: { readonly transposed?: boolean },
): Plane {
  const side = Math.sqrt(plane.length)
  if (!transposed || !Number.isInteger(side)) return plane
  const turned = plane.slice() as Plane
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) turned[y * side + x] = plane[x * side + y] ?? 0
  return turned
}
