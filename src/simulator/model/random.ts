/**
 * Random numbers by counter: a number depends on its key and its position alone, so that any frame of any
 * module is reproducible by itself, in any order, on any number of threads.
 *
 * The mixing function is Wellons' `triple32` (an avalanching bijection of 32 bits by multiplications and shifts), with
 * the second word of the key mixed in after its first round. With one word alone, the frames of a run would be windows
 * on one sequence of 2^32 numbers and would repeat each other, shifted by some pixels.
 */
export interface Key {
  readonly a: number
  readonly b: number
}

/** The use of a sequence of numbers: different streams of one frame are independent. */
export const STREAMS = {
  pixel: 1,
  cell: 2,
  cellPixel: 3,
  badPixel: 4,
  module: 5,
  pulse: 6,
  photons: 7,
  electronics: 8,
  disturbance: 9,
  drift: 10,
} as const
export type Stream = keyof typeof STREAMS

/**
 * The key of a stream: from the seed and everything else it depends on (module, train, cell), non-negative integers
 * below 2^53.
 */
export function keyOf(seed: number, stream: Stream, ...words: readonly number[]): Key {
  let a = 0x243f6a88
  let b = 0x85a308d3
  for (const word of [seed, STREAMS[stream], ...words]) {
    const low = word | 0
    const high = Math.floor(word / 2 ** 32) | 0
    a = draw(a, b, low)
    b = draw(b, a, high)
  }
  return { a, b }
}

/** Number `counter` of the stream with key (a, b): 32 random bits as a signed integer. */
export function draw(a: number, b: number, counter: number): number {
  let x = (Math.imul(counter, 0x9e3779b1) + a) | 0
  x ^= x >>> 17
  x = (Math.imul(x, 0xed5ad4bb) + b) | 0
  x ^= x >>> 11
  x = Math.imul(x, 0xac4c1b51)
  x ^= x >>> 15
  x = Math.imul(x, 0x31848bab)
  return x ^ (x >>> 14)
}

/** Number `counter` of a stream, uniform in [0, 1). */
export function uniform(key: Key, counter: number): number {
  return (draw(key.a, key.b, counter) >>> 0) / 2 ** 32
}
