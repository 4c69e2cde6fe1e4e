import type { TileShape } from './tile.js'

/**
 * Pixels that follow one another in an image and are evenly spaced in one module: copied in one go. They are what a look-up
 * table says in about a hundredth of its length; five numbers each: first pixel of the image, how many, module, first pixel of
 * the module, step in it.
 */
export function pixelRuns(pixels: Int32Array, { moduleSlowScan, moduleFastScan }: TileShape): Int32Array {
  const size = moduleSlowScan * moduleFastScan
  const moduleAt = (place: number) => Math.floor(((pixels[place] ?? 0) - 1) / size)
  const runs: number[] = []
  for (let start = 0; start < pixels.length; ) {
    const first = pixels[start] ?? 0
    const module = moduleAt(start)
    const step = (pixels[start + 1] ?? 0) - first
    let end = start + 1
    if (first !== 0) {
      // The index of a gap, 0, is of module −1.
      while (end < pixels.length && pixels[end] === first + (end - start) * step && moduleAt(end) === module)
        end++
      runs.push(start, end - start, module, first - 1 - module * size, step)
    }
    start = end
  }
  return Int32Array.from(runs)
}
