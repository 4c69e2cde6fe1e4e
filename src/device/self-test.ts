import type { SelfTest } from '../engine/contract/device.js'
import type { AgipdParams } from '../kits/agipd/params.js'
import { LanePool } from '../memory/lane-pool.js'
import { DEFAULT_PARAMS } from './default-params.js'
import type { DeviceCorrector } from './device-corrector.js'
import { REFERENCES } from './reference-of.js'
import { DeviceRefusedError } from './refused.js'
import { firstDifference, makeTrial } from './trial.js'

const SHAPE = { pixels: 2048, cells: 2, frames: 3 }

/** Every option on and off. */
const PARAMS: readonly AgipdParams[] = [
  DEFAULT_PARAMS,
  {
    ...{ stage: 2, forceMgLimit: -Infinity, forceHgLimit: -Infinity },
    ...{ setMin: false, range: false, zeroNans: false, zeroOrange: false },
  },
  { ...DEFAULT_PARAMS, stage: 1, forceMgLimit: -250.5, forceHgLimit: 0, zeroNans: true },
  { ...DEFAULT_PARAMS, forceMgLimit: 0, forceHgLimit: -1000.25, setMin: false, zeroOrange: true },
]

/**
 * Corrects drawn frames on a device by each kernel and compares bits with the definitions: all gain stages, NaN, infinities,
 * values beyond limits, masks with the sign bit.
 * @throws DeviceRefusedError naming the first bit that differs. @throws DeviceError if the device does not work.
 */
export async function selfTest(corrector: DeviceCorrector): Promise<SelfTest> {
  const start = performance.now()
  const kernels = Object.keys(REFERENCES)
  const lanes = new LanePool()
  for (const [k, kernel] of kernels.entries())
    for (const [i, params] of PARAMS.entries()) {
      const trial = makeTrial(kernel, params, { ...SHAPE, seed: 1 + 16 * k + i }, lanes)
      await corrector.correct(trial.module, trial.slot, trial.tile)
      const difference = firstDifference(trial)
      lanes.giveBack([trial.lane])
      if (difference === undefined) continue
      const { what, expected, found } = difference
      throw new DeviceRefusedError(
        `it does not calculate exactly: ${kernel} gives ${what} ${found.toString(16)} instead of ${expected.toString(16)}`,
      )
    }
  const pixels = kernels.length * PARAMS.length * SHAPE.pixels * SHAPE.frames
  return { kernels: kernels.length, pixels, milliseconds: performance.now() - start }
}
