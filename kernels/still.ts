/**
 * Of `pixels` (a multiple of 16) pixels: clears a byte of `still` where a sample (u16) of one of `frames` frames, `stride`
 * bytes apart from `raw`, differs from that of `first`.
 */
export function clearVaried(
  raw: usize, frames: usize, stride: usize, first: usize, pixels: usize, still: usize,
): void {
  for (let p: usize = 0; p < pixels; p += 16) {
    const a = v128.load(first + (p << 1))
    const b = v128.load(first + (p << 1), 16)
    let same = v128.load(still + p)
    for (let f: usize = 0; f < frames; ++f) {
      const at = raw + f * stride + (p << 1)
      const low = i16x8.eq(v128.load(at), a)
      const high = i16x8.eq(v128.load(at, 16), b)
      same = v128.and(same, i8x16.narrow_i16x8_s(low, high))
    }
    v128.store(still + p, same)
  }
}
