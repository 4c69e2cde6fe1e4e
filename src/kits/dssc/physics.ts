import { digitised, type Physics, type StagePhysics } from '../../simulator/model/physics.js'

/** The converter's range: 9 bits, of which 0 is not a level: it stands for 256. */
const LARGEST = 511

const STAGE: StagePhysics = {
  level: 40,
  shared: 0.04,
  spread: 2.5,
  cells: 0.8,
  noise: 0.8,
  noiseSmooth: 0.05,
  noiseSpread: 0.05,
}

export const DSSC_PHYSICS: Physics = {
  stages: [STAGE, STAGE, STAGE],
  cellPixel: 0.3,
  aduPerKev: 1.4,
  mediumRatio: 1,
  lowRatio: 1,
  stepSpread: 0,
  switches: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  rawGains: [0, 0, 0],
  bad: { level: 2, noise: 0.0005, hot: 120, noisy: 6 },
  kinds: ['good', 'dead', 'hot', 'noisy', 'uncalibrated'],
  store(raw, _, pixel, s) {
    const value = digitised(s, 1, LARGEST)
    raw[pixel] = value === 256 ? 0 : value
  },
}
