import type { BridgeArray, BridgeValue } from '../../bridge/message.js'
import { viewAs } from '../../model/dtypes.js'
import { productOf } from '../../model/shapes.js'

/** Values and arrays of a source, by key. */
export interface SourceContent {
  readonly values: Readonly<Record<string, BridgeValue>>
  readonly arrays: Readonly<Record<string, BridgeArray>>
}

/**
 * A module's rows of one train as the facility's servers have them: of `image` with their axis of frames, also where there
 * is one; of the other groups, which have a row a train, without it, and single numbers as values.
 */
export function contentOfRows(rows: Readonly<Record<string, BridgeArray>>): SourceContent {
  const values: Record<string, BridgeValue> = {}
  const arrays: Record<string, BridgeArray> = {}
  for (const [key, array] of Object.entries(rows)) {
    const { shape, dtype, data } = array
    if (key.startsWith('image.') || shape[0] !== 1) {
      if (shape[0] !== 0) arrays[key] = array
    } else if (productOf(shape) === 1 && shape.length === 1) {
      const [value] = viewAs(dtype, data.slice().buffer, 0, 1)
      if (value !== undefined) values[key] = value
    } else arrays[key] = { ...array, shape: shape.slice(1) }
  }
  return { values, arrays }
}

/** Rows of a train that is told as another one, `shift` later: ids of trains in them follow. */
export function shiftedRows(
  rows: Readonly<Record<string, BridgeArray>>,
  shift: bigint,
): Readonly<Record<string, BridgeArray>> {
  if (shift === 0n) return rows
  return Object.fromEntries(
    Object.entries(rows).map(([key, array]) => {
      if (!key.endsWith('.trainId') || array.dtype !== 'u8') return [key, array]
      const ids = viewAs('u8', array.data.slice().buffer, 0, productOf(array.shape))
      // 0 is no train.
      const later = ids.map(id => (id === 0n ? id : id + shift))
      return [key, { ...array, data: new Uint8Array(later.buffer) }]
    }),
  )
}
