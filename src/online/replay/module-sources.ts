import type { BridgeArray } from '../../bridge/message.js'
import { DTYPE_BYTES } from '../../model/dtypes.js'
import { productOf } from '../../model/shapes.js'
import { type LayoutReader, newMemory } from './read-train.js'
import { contentOfRows, shiftedRows } from './source-arrays.js'
import type { FramePieces } from './stored-plane.js'
import { readPart } from './train-reader.js'

/**
 * One source a module, named as in its file: `image.data` (frames, planes, slow scan, fast scan), corrected (frames, slow
 * scan, fast scan) with `image.gain` and `image.mask`, and all that the file has beside. Modules without frames are absent.
 */
export const readModules: LayoutReader = async (parts, _, losses) => {
  const read = await Promise.all(
    parts.map(async part => {
      const { stored, entry } = part
      const { count } = stored.framesOf(entry)
      const frames: Record<string, BridgeArray> = {}
      const targets = new Map<string, FramePieces>()
      for (const [key, { dtype, row }] of stored.planes) {
        const frameBytes = productOf(row) * DTYPE_BYTES[dtype]
        const data = newMemory(count * frameBytes)
        frames[key] = { dtype, shape: [count, ...row], data }
        targets.set(key, i => [data.subarray(i * frameBytes, (i + 1) * frameBytes)])
      }
      if (!(await readPart(part, targets, losses))) return undefined
      return { name: stored.file.source, frames, count, rows: stored.rowsOf(entry.trainId) }
    }),
  )
  const whole = read.filter(part => part !== undefined)
  if (whole.length === 0) return undefined
  return {
    frames: whole.reduce((sum, { count }) => sum + count, 0),
    sources: (time, shift) =>
      whole.map(({ name, frames, rows }) => {
        const { values, arrays } = contentOfRows(shiftedRows(rows, shift))
        return { name, time, values, arrays: { ...frames, ...arrays } }
      }),
  }
}
