import { readAgipdControl } from './agipd.js'
import { readDsscControl } from './dssc.js'
import { acquisitionRateOf, memoryCellsOf } from './frames.js'
import { readLpdControl } from './lpd.js'
import type { ControlReader } from './reader.js'
import { knownOf } from './values.js'

export type { RunConditions, RunControl } from './reader.js'

/** How control data are read, by detector; one that is not here has the conditions that its frames tell. */
const READERS: Readonly<Record<string, ControlReader>> = {
  agipd1m: readAgipdControl,
  lpd1m: readLpdControl,
  dssc1m: readDsscControl,
}

const framesAlone: ControlReader = async () => ({
  conditionsOf: run => ({
    ...knownOf({
      'Memory cells': { frames: memoryCellsOf(run) },
      'Acquisition rate': { frames: acquisitionRateOf(run) },
    }),
    gainMode: undefined,
    problems: [],
  }),
})

/** Reads what control data of the run say of `detector`. */
export const readControl: ControlReader = (folder, detector, karaboId) =>
  (READERS[detector.id] ?? framesAlone)(folder, detector, karaboId)
