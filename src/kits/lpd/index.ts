import type { DetectorKit } from '../kit.js'
import { LPD_CORRECTIONS } from './chain.js'
import { readLpdControl } from './conditions.js'
import { LPD_DARK } from './dark.js'
import { LPD_LAYOUT } from './geometry.js'
import { LPD_OPEN } from './open.js'
import { LPD_1M } from './record.js'
import { LPD_SIMULATED } from './simulated.js'

/** LPD-1M. */
export const LPD: DetectorKit = {
  detector: LPD_1M,
  corrections: LPD_CORRECTIONS,
  open: LPD_OPEN,
  dark: LPD_DARK,
  readControl: readLpdControl,
  simulated: LPD_SIMULATED,
  layout: LPD_LAYOUT,
}
