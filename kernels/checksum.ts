// A checksum at the speed of the second-level cache, after Fletcher. In each of eight 64-bit lanes, with the words
// x₁, x₂, … 64 bytes apart (all sums modulo 2^64; swap exchanges the 32-bit halves),
//     sᵢ = x₁ + … + xᵢ          t = s₁ + swap(s₂) + s₃ + swap(s₄) + …
// and at the end a multiplicative mix of the last s of all lanes, and one of all t, lane after lane.
//
// Always detected: any change within 64 consecutive bytes, since it affects each lane once and s is one-to-one in each
// word. Two flipped bits are missed only if they are the same one of the top eleven of a lane and its sums happen to
// balance; without the swap two top bits would be missed at every even distance. Exchanged words change t. Other damage
// is missed with a probability of about 2^-64. This detects damage, not forgery.
const STEP: usize = 128

// Odd, with bits well spread.
const PRIME_S: u64 = 0x9e3779b185ebca87
const PRIME_T: u64 = 0xc2b2ae3d27d4eb4f

@inline
function swapped(v: v128): v128 {
  return i32x4.shuffle(v, v, 1, 0, 3, 2)
}

@inline
function mix(hash: u64, prime: u64, sums: v128): u64 {
  hash = rotl<u64>((hash ^ <u64>i64x2.extract_lane(sums, 0)) * prime, 29)
  return rotl<u64>((hash ^ <u64>i64x2.extract_lane(sums, 1)) * prime, 29)
}

// The two halves of the last result of {@link hash}.
let hashS: u64, hashT: u64

/** Hashes `bytes` bytes, a multiple of 128, at `src` into `hashS` and `hashT`, which begin with `seed`. */
@inline
function hash(src: usize, bytes: usize, seed: u64): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0
  let t0 = s0, t1 = s0, t2 = s0, t3 = s0
  const end = src + bytes
  for (let at = src; at < end; at += STEP) {
    s0 = i64x2.add(s0, v128.load(at))
    s1 = i64x2.add(s1, v128.load(at, 16))
    s2 = i64x2.add(s2, v128.load(at, 32))
    s3 = i64x2.add(s3, v128.load(at, 48))
    t0 = i64x2.add(t0, s0)
    t1 = i64x2.add(t1, s1)
    t2 = i64x2.add(t2, s2)
    t3 = i64x2.add(t3, s3)
    s0 = i64x2.add(s0, v128.load(at, 64))
    s1 = i64x2.add(s1, v128.load(at, 80))
    s2 = i64x2.add(s2, v128.load(at, 96))
    s3 = i64x2.add(s3, v128.load(at, 112))
    t0 = i64x2.add(t0, swapped(s0))
    t1 = i64x2.add(t1, swapped(s1))
    t2 = i64x2.add(t2, swapped(s2))
    t3 = i64x2.add(t3, swapped(s3))
  }
  hashS = mix(mix(mix(mix(seed, PRIME_S, s0), PRIME_S, s1), PRIME_S, s2), PRIME_S, s3)
  hashT = mix(mix(mix(mix(seed, PRIME_T, t0), PRIME_T, t1), PRIME_T, t2), PRIME_T, t3)
}

/** Writes the 16 bytes of the checksum of `bytes` bytes (a multiple of 128) at `src` to `out`. */
export function checksum(src: usize, bytes: usize, out: usize): void {
  hash(src, bytes, <u64>bytes)
  store<u64>(out, hashS)
  store<u64>(out, hashT, 8)
}

@inline
function mixWord(hash: u64, prime: u64, word: u64): u64 {
  return rotl<u64>((hash ^ word) * prime, 29)
}

/**
 * Sums, modulo 2^64 in each half, the checksums of `columns` × `rows` × `groups` runs of `bytes` bytes (any number; the
 * last of the groups `lastBytes`), which lie side by side in each row. Run (c, r, g) begins at `src + c·columnStride +
 * r·rowStride + g·bytes` and is number `first + c·columnNumber + r·rowNumber + g·groupNumber` (u32), which seeds its
 * checksum: the order of runs and their distribution over calls do not matter, their positions do. Its sum, of 16
 * bytes, is `out[(phase + r) / partRows][g]`. Bytes after the last whole 128 of a run are mixed in as words of 8, the
 * last padded with zeros.
 */
export function checksumRuns(
  src: usize,
  bytes: usize,
  lastBytes: usize,
  groups: u32,
  groupNumber: u32,
  rows: u32,
  rowStride: usize,
  rowNumber: u32,
  partRows: u32,
  phase: u32,
  columns: u32,
  columnStride: usize,
  columnNumber: u32,
  first: u32,
  out: usize,
): void {
  const outStride = <usize>groups * 16
  memory.fill(out, 0, <usize>((phase + rows + partRows - 1) / partRows) * outStride)
  for (let c: u32 = 0; c < columns; c++) {
    let to = out
    let row = phase
    for (let r: u32 = 0; r < rows; r++) {
      let at = src + <usize>c * columnStride + <usize>r * rowStride
      let number = first + c * columnNumber + r * rowNumber
      for (let g: u32 = 0; g < groups; g++) {
        const length = g + 1 < groups ? bytes : lastBytes
        run(at, length, number)
        const sum = to + <usize>g * 16
        store<u64>(sum, load<u64>(sum) + hashS)
        store<u64>(sum, load<u64>(sum, 8) + hashT, 8)
        at += bytes
        number += groupNumber
      }
      if (++row === partRows) {
        row = 0
        to += outStride
      }
    }
  }
}

/** Hashes one run into `hashS` and `hashT`. */
@inline
function run(at: usize, bytes: usize, number: u32): void {
  const whole = bytes & ~(STEP - 1)
  const words = bytes & ~7
  hash(at, whole, (<u64>number << 32) | <u64>bytes)
  if (whole === bytes) return
  let s = hashS, t = hashT
  for (let i = whole; i < words; i += 8) {
    const word = load<u64>(at + i)
    s = mixWord(s, PRIME_S, word)
    t = mixWord(t, PRIME_T, word)
  }
  if (words < bytes) {
    let word: u64 = 0
    for (let i = words; i < bytes; i++) word |= <u64>load<u8>(at + i) << ((i - words) * 8)
    s = mixWord(s, PRIME_S, word)
    t = mixWord(t, PRIME_T, word)
  }
  hashS = s
  hashT = t
}
