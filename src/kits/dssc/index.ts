import type { DetectorKit } from '../kit.js'
import { DSSC_CORRECTIONS } from './chain.js'
import { readDsscControl } from './conditions.js'
import { DSSC_DARK } from './dark.js'
import { DSSC_LAYOUT } from './geometry.js'
import { DSSC_OPEN } from './open.js'
import { DSSC_1M } from './record.js'
import { DSSC_SIMULATED } from './simulated.js'

/** DSSC-1M. */
export const DSSC: DetectorKit = {
  detector: DSSC_1M,
  corrections: DSSC_CORRECTIONS,
  open: DSSC_OPEN,
  dark: DSSC_DARK,
  readControl: readDsscControl,
  simulated: DSSC_SIMULATED,
  layout: DSSC_LAYOUT,
}
