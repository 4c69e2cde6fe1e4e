type Elements = Float32Array | Uint32Array | Uint8Array | Uint16Array

/** Rows of a module that are taken at a time: their cache lines, of sixteen planes, stay in cache for all columns. */
const ROWS = 32

/**
 * Writes planes `[slow scan][fast scan]` into an array `[fast scan][slow scan][frame]`, plane i at index `frames[i]` of an axis of
 * `length` frames. Frames that follow one another should come together: they are written side by side.
 */
export function framesLast(
  planes: readonly Elements[],
  frames: readonly number[],
  { slowScan, fastScan }: { readonly slowScan: number; readonly fastScan: number },
  target: Elements,
  length: number,
): void {
  for (let rows = 0; rows < slowScan; rows += ROWS) {
    const end = Math.min(slowScan, rows + ROWS)
    for (let fast = 0; fast < fastScan; fast++)
      for (let slow = rows; slow < end; slow++) {
        const pixel = slow * fastScan + fast
        const at = (fast * slowScan + slow) * length
        for (let i = 0; i < planes.length; i++)
          target[at + (frames[i] as number)] = (planes[i] as Elements)[pixel] as number
      }
  }
}

/**
 * The inverse: planes `[slow scan][fast scan]` of an array `[fast scan][slow scan][frame]` whose last axis has `length` frames,
 * plane i being that at index `frames[i]`.
 */
export function framesFirst(
  source: Elements,
  frames: readonly number[],
  { slowScan, fastScan }: { readonly slowScan: number; readonly fastScan: number },
  planes: readonly Elements[],
  length: number,
): void {
  for (let rows = 0; rows < slowScan; rows += ROWS) {
    const end = Math.min(slowScan, rows + ROWS)
    for (let fast = 0; fast < fastScan; fast++)
      for (let slow = rows; slow < end; slow++) {
        const pixel = slow * fastScan + fast
        const at = (fast * slowScan + slow) * length
        for (let i = 0; i < planes.length; i++)
          (planes[i] as Elements)[pixel] = source[at + (frames[i] as number)] as number
      }
  }
}
