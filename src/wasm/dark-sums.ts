import { darkSumsBytes } from './kernels.js'

/** The kernel keeps sums of eight pixels together: 64 bits of Σx each, of Σx², then the base of x as u16. */
const PIXELS = 8
const BASE_AT = 128

/**
 * Sums of the samples of pixels, as the kernel `darkSums` has left them: Σx and `frames` times the base of x. They fit 32
 * bits, as samples and numbers of frames fit 16.
 * @param at byte of the sums in `buffer`. @param out one a pixel, a multiple of 8.
 */
export function readDarkSums(buffer: ArrayBufferLike, at: number, frames: number, out: Uint32Array): void {
  const bytes = darkSumsBytes(PIXELS)
  const words = new Uint32Array(buffer, at, (out.length / PIXELS) * (bytes / 4))
  const bases = new Uint16Array(buffer, at, words.length * 2)
  for (let pixel = 0; pixel < out.length; pixel++) {
    const group = Math.floor(pixel / PIXELS) * bytes
    const lane = pixel % PIXELS
    // Σx may be below 0, and the total is not: its low half alone counts.
    const x = words[group / 4 + 2 * lane] as number
    out[pixel] = Math.imul(frames, bases[(group + BASE_AT) / 2 + lane] as number) + x
  }
}
