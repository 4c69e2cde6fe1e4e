import type { AgipdParams } from '../kits/agipd/params.js'

/** Parameters of the default chain in adaptive gain. */
export const DEFAULT_PARAMS: AgipdParams = {
  ...{ stage: 0, forceMgLimit: 1000, forceHgLimit: 1000 },
  ...{ setMin: true, range: true, zeroNans: false, zeroOrange: false },
}
