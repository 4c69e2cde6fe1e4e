import { digitised, type Physics } from '../../simulator/model/physics.js'

/** The converter's range: 12 bits. */
const LARGEST = 4095

export const LPD_PHYSICS: Physics = {
  stages: [
    { level: 900, shared: 0.4, spread: 25, cells: 12, noise: 8, noiseSmooth: 0.4, noiseSpread: 0.3 },
    { level: 860, shared: 0.3, spread: 20, cells: 8, noise: 5, noiseSmooth: 0.2, noiseSpread: 0.2 },
    { level: 850, shared: 0.3, spread: 20, cells: 8, noise: 4.5, noiseSmooth: 0.2, noiseSpread: 0.2 },
  ],
  cellPixel: 4,
  aduPerKev: 2.2,
  mediumRatio: 10,
  lowRatio: 10,
  stepSpread: 0,
  switches: [3700, 3700],
  rawGains: [0, 0, 0],
  bad: { level: 150, noise: 0.5, hot: 900, noisy: 6 },
  kinds: ['good', 'dead', 'hot', 'noisy', 'uncalibrated', 'unlit'],
  store(raw, _, pixel, s, __, stage) {
    raw[pixel] = digitised(s, 0, LARGEST) | (stage << 12)
  },
}
