const SIDE: usize = 64
const NOISE_OUT_OF_THRESHOLD: u32 = 1 << 1
const NOISY_ADC: u32 = 1 << 17

/**
 * Step noisy-adc: in a plane of masks, sets bit 17 in all pixels of each block of 64 × 64 of which more than `most` carry bit 1.
 */
export function markNoisy(masks: usize, slowScan: usize, fastScan: usize, most: f64): void {
  for (let ss: usize = 0; ss < slowScan; ss += SIDE)
    for (let fs: usize = 0; fs < fastScan; fs += SIDE) {
      const block = masks + ((ss * fastScan + fs) << 2)
      let noisy: u32 = 0
      for (let row: usize = 0; row < SIDE; ++row) {
        const at = block + ((row * fastScan) << 2)
        for (let x: usize = 0; x < SIDE << 2; x += 4) noisy += u32((load<u32>(at + x) & NOISE_OUT_OF_THRESHOLD) != 0)
      }
      if (!(<f64>noisy > most)) continue
      for (let row: usize = 0; row < SIDE; ++row) {
        const at = block + ((row * fastScan) << 2)
        for (let x: usize = 0; x < SIDE << 2; x += 4) store<u32>(at + x, load<u32>(at + x) | NOISY_ADC)
      }
    }
}
