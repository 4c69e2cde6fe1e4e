import { gauss } from './model/gauss.js'
import type { SimulationOptions } from './model/options.js'
import { keyOf } from './model/random.js'

/** Energy of a pulse of average intensity, µJ. */
const MEAN_ENERGY = 1500

/** Intensity of a pulse, the same for all modules: 1 on average, 15 % from pulse to pulse. */
export function pulseIntensity(
  { seed, run }: Pick<SimulationOptions, 'seed' | 'run'>,
  trainId: number,
  cell: number,
): number {
  return Math.min(1.4, Math.max(0.6, 1 + 0.15 * gauss(keyOf(seed, 'pulse', run, trainId), cell)))
}

/** Energy of a pulse of this intensity, µJ. */
export function pulseEnergy(intensity: number): number {
  return MEAN_ENERGY * intensity
}
