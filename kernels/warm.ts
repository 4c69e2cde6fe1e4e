// WebAssembly has no prefetch instruction. Reading a run of lines once, in order, lets the hardware prefetcher
// stream what would otherwise be fetched line by line at the latency of memory.

// Kept so that no compiler finds the loads useless. A global belongs to the instance, not to the shared memory.
let sum: u32 = 0

/** Brings `bytes` bytes from `ptr` into cache. */
export function warm(ptr: usize, bytes: usize): void {
  const end = ptr + bytes
  let s = sum
  for (; ptr < end; ptr += 64) s += load<u8>(ptr)
  sum = s
}
