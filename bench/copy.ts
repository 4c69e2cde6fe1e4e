import type { Contender } from './rounds.js'
import { timeHere } from './rounds.js'

/** Name of the contender that is everybody's bound. */
export const COPY = 'memory copy'

/**
 * Copies half of `bytes` (so that `bytes` are read and written) from one place to another, in the fastest way that
 * JavaScript has: what moves no more than it must cannot be faster than this.
 */
export function copyContender(bytes: number): Contender {
  const half = Math.floor(bytes / 2)
  // Random-looking, so that no page is the kernel's zero page.
  const source = Buffer.alloc(half)
  const words = new Uint32Array(source.buffer, source.byteOffset, half >>> 2)
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1)
  const target = Buffer.alloc(half, 1)
  return {
    implementation: COPY,
    note: 'as many bytes, one thread',
    run: passes => timeHere(passes, () => source.copy(target)),
  }
}
