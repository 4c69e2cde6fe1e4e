import type { SnappedTable } from './snap.js'

/** Numbers of a module, `[slow scan][fast scan]`. */
export type PlaneNumbers =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array

/**
 * Puts the modules of one frame together: an image `[y][x]`, row 0 being the lowest y and column 0 the lowest x.
 * @param modules `[module]`, each `[slow scan][fast scan]`; one that is undefined leaves a gap.
 * @param out height × width numbers, all of which are written.
 * @param fill what gaps hold; NaN of floats and 0 of integers unless told.
 * @throws RangeError if `out` or a module has another size.
 */
export function assemble<T extends PlaneNumbers>(
  { pixels, runs, shape }: SnappedTable,
  modules: readonly (T | undefined)[],
  out: T,
  fill = out instanceof Float32Array || out instanceof Float64Array ? Number.NaN : 0,
): void {
  const size = shape.moduleSlowScan * shape.moduleFastScan
  if (out.length !== pixels.length)
    throw new RangeError(`an image has ${pixels.length} pixels, not ${out.length}`)
  if (modules.length !== shape.modules || modules.some(plane => plane && plane.length !== size))
    throw new RangeError(`a frame has ${shape.modules} modules of ${size} pixels`)
  out.fill(fill)
  for (let run = 0; run < runs.length; run += 5) {
    const plane = modules[runs[run + 2] as number]
    if (plane === undefined) continue
    let at = runs[run] as number
    const end = at + (runs[run + 1] as number)
    let from = runs[run + 3] as number
    const step = runs[run + 4] as number
    if (step === 1) out.set(plane.subarray(from, from + end - at), at)
    else for (; at < end; at++, from += step) out[at] = plane[from] as number
  }
}
