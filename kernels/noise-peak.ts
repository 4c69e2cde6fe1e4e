// Step 6, baseline-noise: what src/corrections/noise-peak.ts needs of an image.

/**
 * Adds to `counts` (u32, `bins` of them) how many of the `pixels` values at `data` whose byte at `stages` is 0 (or all,
 * where `stages` is 0) lie in each bin of `width` from `low` on. Values above `most` do not count.
 */
export function countBins(
  data: usize, stages: usize, pixels: usize, low: f64, width: f64, bins: u32, most: f64, counts: usize,
): void {
  for (let p: usize = 0; p < pixels; ++p) {
    const d = <f64>load<f32>(data + (p << 2))
    // NaN compares false.
    if (!(d >= low && d <= most)) continue
    if (stages && load<u8>(stages + p) != 0) continue
    const bin = <u32>((d - low) / width)
    if (bin >= bins) continue
    const at = counts + (<usize>bin << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
}

/** Subtracts `value` from `pixels` (a multiple of 4) f32. */
export function subtractValue(data: usize, pixels: usize, value: f32): void {
  const values = f32x4.splat(value)
  for (let p: usize = 0; p < pixels << 2; p += 16) v128.store(data + p, f32x4.sub(v128.load(data + p), values))
}
