import type { DetectorKit } from '../kit.js'
import { AGIPD_CORRECTIONS } from './chain.js'
import { readAgipdControl } from './conditions.js'
import { AGIPD_DARK } from './dark.js'
import { AGIPD_LAYOUT } from './geometry.js'
import { AGIPD_OPEN } from './open.js'
import { AGIPD_1M } from './record.js'
import { AGIPD_SIMULATED } from './simulated.js'

/** AGIPD-1M. */
export const AGIPD: DetectorKit = {
  detector: AGIPD_1M,
  corrections: AGIPD_CORRECTIONS,
  open: AGIPD_OPEN,
  dark: AGIPD_DARK,
  readControl: readAgipdControl,
  simulated: AGIPD_SIMULATED,
  layout: AGIPD_LAYOUT,
}
