import { PIXEL_KINDS } from '../../simulator/model/bad-pixels.js'
import { digitised, type Physics } from '../../simulator/model/physics.js'

/** The converter's range: 14 bits. */
const LARGEST = 16383

export const AGIPD_PHYSICS: Physics = {
  stages: [
    { level: 5000, shared: 1, spread: 60, cells: 40, noise: 8, noiseSmooth: 0.4, noiseSpread: 0.3 },
    { level: 7150, shared: 0.8, spread: 90, cells: 30, noise: 6.5, noiseSmooth: 0, noiseSpread: 0.3 },
    { level: 7850, shared: 0.8, spread: 90, cells: 30, noise: 6, noiseSmooth: 0, noiseSpread: 0.3 },
  ],
  cellPixel: 10,
  aduPerKev: 7.07,
  mediumRatio: 27,
  // The factor that pulse-capacitor constants assume.
  lowRatio: 4.48,
  stepSpread: 2,
  switches: [11_000, 14_000],
  rawGains: [6000, 7500, 9000],
  bad: { level: 250, noise: 1, hot: 3500, noisy: 4 },
  kinds: PIXEL_KINDS,
  store(raw, pixels, pixel, s, r) {
    raw[pixel] = digitised(s, 0, LARGEST)
    raw[pixels + pixel] = digitised(r, 0, LARGEST)
  },
}
