// WebAssembly has no prefetch instruction. Reading a run of lines once, in order, lets the hardware prefetcher
// stream what would otherwise be fetched line by line at the latency of memory.

// Kept so that the compiler does not drop the loads. A global belongs to the instance, not to the shared memory.
let sum: u32 = 0

/**
 * Brings `bytes` bytes of each of `planes` planes, `stride` bytes apart from `ptr` on, into cache, except for the
 * remainder of 256. Four lines of each plane in turn: one plane after the other was slower, and so were longer turns.
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

/**
 * Brings into cache what is about to be overwritten: `rows` (one or two) rows of `bytes` bytes, a multiple of 64,
 * `pitch` bytes apart, `to` bytes after each of `count` pointers (u32; 0: none). Few stores that miss can be in flight,
 * but many loads: writing to lines that were read before takes half the time, although the values read are not used.
 */
@inline
export function warmTargets(pointers: usize, count: usize, to: usize, rows: usize, pitch: usize, bytes: usize): void {
  let s = sum
  for (let e: usize = 0; e < count; ++e) {
    const dst = <usize>load<u32>(pointers + (e << 2))
    // A first write creates a page; a first read would map the zero page instead.
    if (dst) store<u8>(dst + to, 0)
  }
  for (let from = to; from < to + bytes; from += 256) {
    const left = to + bytes - from
    for (let e: usize = 0; e < count; ++e) {
      let at = <usize>load<u32>(pointers + (e << 2))
      if (!at) continue
      at += from
      for (let row: usize = 0; row < rows; ++row) {
        if (left >= 256) s += load<u8>(at) + load<u8>(at, 64) + load<u8>(at, 128) + load<u8>(at, 192)
        else for (let l: usize = 0; l < left; l += 64) s += load<u8>(at + l)
        at += pitch
      }
    }
  }
  sum = s
}
