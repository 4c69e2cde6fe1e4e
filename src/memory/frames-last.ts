type Elements = Float32Array | Uint32Array | Uint8Array | Uint16Array

/** Rows of a module that are taken at a time: their cache lines, of sixteen planes, stay in cache for all columns. */
const ROWS = 32
/** Planes that one pass takes: half the time of one plane, or of all, at a time. */
const FOUR = 4

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
      for (let i = 0; i < planes.length; i += FOUR) {
        const [a, b, c, d] = four(planes, i)
        const [toA, toB, toC, toD] = four(frames, i)
        for (let slow = rows; slow < end; slow++) {
          const pixel = slow * fastScan + fast
          const at = (fast * slowScan + slow) * length
          target[at + toA] = a[pixel] as number
          target[at + toB] = b[pixel] as number
          target[at + toC] = c[pixel] as number
          target[at + toD] = d[pixel] as number
        }
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
      for (let i = 0; i < planes.length; i += FOUR) {
        const [a, b, c, d] = four(planes, i)
        const [ofA, ofB, ofC, ofD] = four(frames, i)
        for (let slow = rows; slow < end; slow++) {
          const pixel = slow * fastScan + fast
          const at = (fast * slowScan + slow) * length
          a[pixel] = source[at + ofA] as number
          b[pixel] = source[at + ofB] as number
          c[pixel] = source[at + ofC] as number
          d[pixel] = source[at + ofD] as number
        }
      }
  }
}

/** Four elements from `at` on; those that there are not are the last one once more. */
function four<T>(list: readonly T[], at: number): readonly [T, T, T, T] {
  const a = list[at] as T
  const b = list[at + 1] ?? a
  const c = list[at + 2] ?? b
  return [a, b, c, list[at + 3] ?? c]
}
