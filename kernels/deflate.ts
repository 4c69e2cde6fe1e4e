// Run-length deflate for sparse planes: a whole zlib stream of literals and of matches at distance 1 (a run of
// one byte) and 4 (a run of one u32), which every inflater reads. Once 64 bytes of a run are there, the rest refers
// that far back: zlib copies what it has just stored thirty times slower than what it stored 64 bytes ago, and four times
// slower than what it stored four bytes ago.
//
// A stream is begun, filled with runs, bytes of a plane or prepared bits, and ended; one at a time, since its state is
// in globals, which belong to the instance, not to the shared memory.
import { copyHeader, endOfBlock, headerRest, headerSize, literal, match, matchFar, prepare } from './huffman'

// Space for what the bit buffer still holds, the end of the block and the checksum.
const TRAILER: usize = 16

// Shorter runs of u32 cost more as a match than as literals, and hide the run of zeros behind them.
const WORD_RUN: usize = 8

// The distance of the matches of a long run, and the shortest run that is one. From WORDS on a run of one byte is written
// as one of words: four literals first.
const FAR: u32 = 64
const LONG_RUN: u32 = 128
const WORDS: u32 = 32

let out: usize = 0
// From here on four bytes must not be stored.
let last: usize = 0
// Bits not stored yet, fewer than 32 between two symbols.
let held: u64 = 0
let holding: u64 = 0
let full: bool = false

// Adler-32. Neither sum needs an intermediate reduction: b stays below 255·bytes²/2 + bytes.
let sumA: u64 = 0
let sumB: u64 = 0

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

/** Writes 32 of the bits held, if they fit. */
@inline
function store32(): void {
  if (out > last) full = true
  else {
    store<u32>(out, <u32>held)
    out += 4
  }
  held >>= 32
  holding -= 32
}

/** Appends a code of huffman.ts. */
@inline
function put(code: u32): void {
  held |= <u64>(code & 0xffffff) << holding
  holding += code >> 24
  if (holding >= 32) store32()
}

/** Bytes of the next match of a run: at least three, so the second last leaves as many for the last. */
@inline
function matchLength(run: u32): u32 {
  const length = min<u32>(run, 258)
  return length < run && run < length + 3 ? length - 3 : length
}

/** Begins bits to be copied into streams later: no header, separate sums. */
export function beginBits(dst: usize, capacity: usize): void {
  prepare()
  full = capacity < TRAILER
  out = dst
  last = full ? dst - 1 : dst + capacity - TRAILER
  held = 0
  holding = 0
  sumA = 0
  sumB = 0
}

/** Begins a stream that takes at most `capacity` bytes from `dst` on. */
export function beginStream(dst: usize, capacity: usize): void {
  prepare()
  const header: usize = 2 + headerSize()
  const fits = capacity >= header + TRAILER
  if (fits) {
    store<u16>(dst, 0x0178)
    copyHeader(dst + 2)
  }
  beginBits(dst + header, fits ? capacity - header : 0)
  held = <u64>(headerRest() & 0xffffff)
  holding = <u64>(headerRest() >> 24)
  sumA = 1
}

/** Appends `count` bytes `byte`. */
export function putRun(byte: u32, count: u32): void {
  if (count == 0) return
  const n = <u64>count
  sumB += n * sumA + ((n * (n + 1)) >> 1) * <u64>byte
  sumA += n * <u64>byte
  const code = literal(byte)
  put(code)
  let left = count - 1
  let words: u32 = 0
  if (left >= WORDS) {
    for (; words < 3; ++words) put(code)
    words = 1
    left -= 3
  }
  const far = left >= LONG_RUN
  if (far) {
    put(match(FAR - 4, 1))
    left -= FAR - 4
  }
  while (left >= 3) {
    const length = matchLength(left)
    put(far ? matchFar(length) : match(length, words))
    left -= length
  }
  for (; left; --left) put(code)
}

/** Appends `count` bytes `byte` and one byte `other`, both below 4: the pattern of a plane with single pixels set. */
export function putRunAndByte(byte: u32, count: u32, other: u32): void {
  // At most one match: all of it is at most 32 bits and can be written at once.
  if (count < 4 || count > WORDS && (byte || count > LONG_RUN)) {
    putRun(byte, count)
    putRun(other, 1)
    return
  }
  const n = <u64>count
  const a = sumA + n * <u64>byte
  sumB += n * sumA + ((n * (n + 1)) >> 1) * <u64>byte + a + <u64>other
  sumA = a + <u64>other
  const words: u32 = count > WORDS ? 1 : 0
  const first = literal(byte), rest = match(count - 1 - 3 * words, words), last = literal(other)
  // The code of a zero is two zeros: three more of them are six.
  let code = <u64>(first & 0xffffff)
  let bits = (first >> 24) + 6 * words
  code |= <u64>(rest & 0xffffff) << <u64>bits
  bits += rest >> 24
  code |= <u64>(last & 0xffffff) << <u64>bits
  bits += last >> 24
  held |= code << holding
  holding += <u64>bits
  if (holding >= 32) store32()
}

/** Appends the `bytes` bytes at `src`; no match refers to anything before them. */
export function putBytes(src: usize, bytes: usize): void {
  let a = sumA
  let b = sumB
  let at: usize = 0
  let run: usize = 0
  let words: u32 = 0
  let far = false
  while (at < bytes) {
    const ptr = src + at
    const left = bytes - at
    if (run == 0 && at > 0) {
      const before = load<u8>(ptr - 1)
      if (load<u8>(ptr) == before) {
        run = byteRun(ptr, before, left)
        if (run < 3) run = 0
        words = 0
        far = false
        b += <u64>run * a + ((<u64>run * (run + 1)) >> 1) * before
        a += <u64>run * before
      } else if (at >= 4 && left >= WORD_RUN && load<u64>(ptr) == load<u64>(ptr - 4)) {
        run = wordRun(ptr, left) & ~3
        words = 1
        far = false
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
    if (run) {
      if (!words && run >= WORDS) {
        // One byte of what the run repeats is there already; with three more it is a word.
        const code = literal(load<u8>(ptr))
        put(code)
        put(code)
        put(code)
        words = 1
        run -= 3
        at += 3
      }
      let length = matchLength(<u32>run)
      if (far) put(matchFar(length))
      else {
        far = run >= LONG_RUN
        if (far) length = FAR - 4
        put(match(length, words))
      }
      run -= length
      at += length
    } else {
      const byte = load<u8>(ptr)
      put(literal(byte))
      at += 1
      a += byte
      b += a
    }
    if (full) return
  }
  sumA = a
  sumB = b
}

/**
 * Appends `count` bits made before, which represent `bytes` bytes with the sums `a` and `b`: see {@link endBits}. Up to
 * three bytes after them at `src` are read.
 */
export function putBits(src: usize, count: u32, bytes: u32, a: u32, b: u32): void {
  sumB += <u64>bytes * sumA + b
  sumA += a
  let left = count
  for (let at = src; left; at += 4) {
    const n = min<u32>(left, 32)
    const word = <u64>load<u32>(at) & ((<u64>1 << n) - 1)
    held |= word << holding
    holding += n
    if (holding >= 32) store32()
    left -= n
  }
}

/** Ends bits: stores what is held and returns the first byte not written, or 0 if they did not fit. */
export function endBits(): usize {
  if (full || out > last) return 0
  store<u64>(out, held)
  return out + 8
}

/** Number of bits since {@link beginBits} at `dst`; and what their bytes contribute to the sums. */
@inline
export function bitsFrom(dst: usize): u32 {
  return <u32>(((out - dst) << 3) + holding)
}

@inline
export function bitSumA(): u32 {
  return <u32>sumA
}

@inline
export function bitSumB(): u32 {
  return <u32>sumB
}

/** Ends the stream and returns the end of its bytes, or 0 if it may not fit. */
export function endStream(): usize {
  if (full || out > last) return 0
  const end = endOfBlock()
  held |= <u64>(end & 0xffffff) << holding
  holding += end >> 24
  store<u64>(out, held)
  out += <usize>((holding + 7) >> 3)
  store<u32>(out, bswap<u32>((<u32>(sumB % 65521) << 16) | <u32>(sumA % 65521)))
  return out + 4
}

/**
 * Deflates `bytes` (at most 2^28) bytes from `src` into `dst` and returns the length of the stream, or 0 when it may
 * not fit into `capacity` bytes; nothing beyond them is written.
 */
export function deflateRuns(src: usize, bytes: usize, dst: usize, capacity: usize): usize {
  beginStream(dst, capacity)
  putBytes(src, bytes)
  const end = endStream()
  return end == 0 ? 0 : end - dst
}
