import { DETECTORS } from '../kits/index.js'
import { UsageError } from '../model/errors.js'

/** Options of whatever needs to know where pixels are. */
export interface GeometryArguments {
  readonly geometry: string | undefined
  readonly quadPositions: string | undefined
}

export const GEOMETRY_OPTIONS = {
  geometry: {
    type: 'string',
    describe: 'CrystFEL geometry (.geom), or HDF5 geometry of LPD and DSSC [default: near any real one]',
  },
  // Takes what follows, even if that begins with a minus.
  'quad-positions': {
    type: 'string',
    nargs: 1,
    describe: 'positions of quadrants 1 to 4, "x,y x,y x,y x,y": pixels for AGIPD, mm for LPD and DSSC',
  },
} as const

/** `--detector` where no run says it. */
export const DETECTOR_OPTION = {
  type: 'string',
  demandOption: true,
  choices: DETECTORS.map(({ id }) => id),
  describe: 'detector',
} as const

/** A file that `--out` names and that is replaced if it is there: by its ending, lest it be one of somebody's data. @throws UsageError */
export function requireEnding(out: string, ending: string): void {
  if (!out.endsWith(ending))
    throw new UsageError(`--out ${out} does not end in ${ending}`, { hint: `Name a file like run${ending}` })
}
