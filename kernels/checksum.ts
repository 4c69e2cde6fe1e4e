// A checksum at the speed of the second-level cache, after Fletcher: in each of eight 64-bit lanes, with the words
// xᵢ of the lower and zᵢ of the upper half of 128 bytes (all sums modulo 2^64, swap exchanges 32-bit halves),
//     yᵢ = xᵢ + swap(zᵢ)          s = Σ yᵢ          t = Σ swap(y₁ + … + yᵢ)
// and a multiplicative mix of all s, and of all t, one lane after the other.
//
// Certain to be found: any change within 64 bytes in a row, since it meets each lane once and s is one-to-one in each
// word. Exchanged or shifted words change t. Anything else is missed with a chance of about 2^-64, unless it is made
// to fit: this tells damage, not forgery. Without the swaps two flipped signs of floats would cancel in s and t.
const STEP: usize = 128

// Odd, with bits well spread.
const PRIME_S: u64 = 0x9e3779b185ebca87
const PRIME_T: u64 = 0xc2b2ae3d27d4eb4f

@inline
function swapped(v: v128): v128 {
  return i32x4.shuffle(v, v, 1, 0, 3, 2)
}

@inline
function folded(at: usize): v128 {
  return i64x2.add(v128.load(at), swapped(v128.load(at, 64)))
}

@inline
function mix(hash: u64, prime: u64, sums: v128): u64 {
  hash = rotl<u64>((hash ^ <u64>i64x2.extract_lane(sums, 0)) * prime, 29)
  return rotl<u64>((hash ^ <u64>i64x2.extract_lane(sums, 1)) * prime, 29)
}

/** Writes the 16 bytes of the checksum of `bytes` bytes (a multiple of 128) at `src` to `out`. */
export function checksum(src: usize, bytes: usize, out: usize): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0
  let t0 = s0, t1 = s0, t2 = s0, t3 = s0
  const end = src + bytes
  for (let at = src; at < end; at += STEP) {
    s0 = i64x2.add(s0, folded(at))
    s1 = i64x2.add(s1, folded(at + 16))
    s2 = i64x2.add(s2, folded(at + 32))
    s3 = i64x2.add(s3, folded(at + 48))
    t0 = i64x2.add(t0, swapped(s0))
    t1 = i64x2.add(t1, swapped(s1))
    t2 = i64x2.add(t2, swapped(s2))
    t3 = i64x2.add(t3, swapped(s3))
  }
  const n = <u64>bytes
  store<u64>(out, mix(mix(mix(mix(n, PRIME_S, s0), PRIME_S, s1), PRIME_S, s2), PRIME_S, s3))
  store<u64>(out, mix(mix(mix(mix(n, PRIME_T, t0), PRIME_T, t1), PRIME_T, t2), PRIME_T, t3), 8)
}
