// WebAssembly has no prefetch instruction. Reading a run of lines once, in order, lets the hardware prefetcher
// stream what would otherwise be fetched line by line at the latency of memory.

// Kept so that no compiler finds the loads useless. A global belongs to the instance, not to the shared memory.
let sum: u32 = 0

/**
 * Brings `bytes` bytes of each of `planes` planes, `stride` bytes apart from `ptr` on, into cache, but for what is left
 * over of 256. Four lines of each in turn: one plane after the other was slower, and so were longer turns.
 */
export function warm(ptr: usize, planes: usize, stride: usize, bytes: usize): void {
  let s = sum
  for (let from: usize = 0; from + 256 <= bytes; from += 256) {
    let at = ptr + from
    for (let i: usize = 0; i < planes; ++i) {
      s += load<u8>(at) + load<u8>(at, 64) + load<u8>(at, 128) + load<u8>(at, 192)
      at += stride
    }
  }
  sum = s
}
