// Run-length deflate for sparse planes: a whole zlib stream of literals and of matches at distance 1 (a run of
// one byte) and 4 (a run of one u32), which every inflater reads.
import { copyHeader, endOfBlock, headerRest, headerSize, literal, match, prepare } from './huffman'

// What may still be held in the bit buffer, the end of the block and the checksum.
const TRAILER: usize = 16

// Shorter runs of u32 cost more as a match than as literals, and hide the run of zeros behind them.
const WORD_RUN: usize = 8

/** Bytes from `ptr` that equal `byte`, at most `limit`. */
@inline
function byteRun(ptr: usize, byte: u32, limit: usize): usize {
  const same = i8x16.splat(<i8>byte)
  let n: usize = 0
  for (; n + 16 <= limit; n += 16) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(ptr + n), same))
    if (equal != 0xffff) return n + ctz<usize>(~equal)
  }
  while (n < limit && load<u8>(ptr + n) == byte) ++n
  return n
}

/** Bytes from `ptr` that equal the byte four before them, at most `limit`. */
@inline
function wordRun(ptr: usize, limit: usize): usize {
  let n: usize = 0
  for (; n + 16 <= limit; n += 16) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(ptr + n), v128.load(ptr + n - 4)))
    if (equal != 0xffff) return n + ctz<usize>(~equal)
  }
  while (n < limit && load<u8>(ptr + n) == load<u8>(ptr + n - 4)) ++n
  return n
}

/**
 * Deflates `bytes` (at most 2^28) bytes from `src` into `dst` and returns the length of the stream, or 0 when it
 * may not fit into `capacity` bytes; nothing behind them is written.
 */
export function deflateRuns(src: usize, bytes: usize, dst: usize, capacity: usize): usize {
  prepare()
  let out: usize = 2 + headerSize()
  if (capacity < out + TRAILER) return 0
  const last = capacity - TRAILER
  store<u16>(dst, 0x0178)
  copyHeader(dst + 2)
  let held = <u64>(headerRest() & 0xffffff)
  let holding = <u64>(headerRest() >> 24)

  // Adler-32. Neither sum needs to be reduced on the way: b stays below 255·bytes²/2 + bytes.
  let a: u64 = 1
  let b: u64 = 0

  let at: usize = 0
  let run: usize = 0
  let far: u32 = 0
  while (at < bytes) {
    const ptr = src + at
    const left = bytes - at
    if (run == 0 && at > 0) {
      const before = load<u8>(ptr - 1)
      if (load<u8>(ptr) == before) {
        run = byteRun(ptr, before, left)
        if (run < 3) run = 0
        far = 0
        b += <u64>run * a + ((<u64>run * (run + 1)) >> 1) * before
        a += <u64>run * before
      } else if (at >= 4 && left >= WORD_RUN && load<u64>(ptr) == load<u64>(ptr - 4)) {
        run = wordRun(ptr, left) & ~3
        far = 1
        const count = <u64>run >> 2
        const b0 = <u64>load<u8>(ptr)
        const b1 = <u64>load<u8>(ptr, 1)
        const b2 = <u64>load<u8>(ptr, 2)
        const b3 = <u64>load<u8>(ptr, 3)
        const sum = b0 + b1 + b2 + b3
        b += 4 * count * a + 2 * count * (count - 1) * sum + count * (4 * b0 + 3 * b1 + 2 * b2 + b3)
        a += count * sum
      }
    }
    let code: u32
    if (run) {
      let length = min<usize>(run, 258)
      // A match has at least three bytes, so the last but one leaves as many.
      if (length < run && run < length + 3) length -= 3
      code = match(<u32>length, far)
      run -= length
      at += length
    } else {
      const byte = load<u8>(ptr)
      code = literal(byte)
      at += 1
      a += byte
      b += a
    }
    held |= <u64>(code & 0xffffff) << holding
    holding += code >> 24
    if (holding >= 32) {
      if (out > last) return 0
      store<u32>(dst + out, <u32>held)
      out += 4
      held >>= 32
      holding -= 32
    }
  }

  if (out > last) return 0
  const end = endOfBlock()
  held |= <u64>(end & 0xffffff) << holding
  holding += end >> 24
  store<u64>(dst + out, held)
  out += <usize>((holding + 7) >> 3)
  store<u32>(dst + out, bswap<u32>((<u32>(b % 65521) << 16) | <u32>(a % 65521)))
  return out + 4
}
