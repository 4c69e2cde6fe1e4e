import { basename } from 'node:path'
import type { ImportRequest } from '../../constants/catalogue/import-request.js'
import { type StatedUnit, unitsInFile } from '../../constants/files/pdus-in-file.js'
import { parseConditions } from '../../constants/model/conditions.js'
import type { Detector } from '../detectors/detector.js'
import { belongsToNobody } from '../files/names.js'
import { UsageError } from '../model/errors.js'
import { given } from '../model/given.js'
import { parseTime } from '../model/time.js'
import { detectorNamed } from './constants-options.js'
import { parsePairs } from './options.js'

/** Options of `detcal constants import` as yargs gives them. */
export interface ImportOptions {
  readonly files: readonly string[]
  readonly catalogue: string
  readonly detector: string | undefined
  readonly module: number | undefined
  readonly pdu: string | undefined
  readonly beginAt: string | undefined
  readonly condition: readonly string[]
  readonly dims: readonly string[]
  readonly rawData: string | undefined
  readonly json: boolean
}

/**
 * One request for all files if the options name the module, else one for each PDU in each file.
 * @throws UsageError if neither options nor a file name it, or the names are impossible.
 */
export async function importRequests(options: ImportOptions): Promise<ImportRequest[]> {
  const { detector, module, pdu, rawData } = options
  const files = options.files.filter(file => !belongsToNobody(basename(file)))
  const [passedOver] = options.files
  if (files.length === 0 && passedOver !== undefined)
    throw new UsageError('its name is that of attributes which macOS or NFS left: it holds no constants', {
      place: { file: passedOver },
      hint: 'Name the files of constants',
    })
  const beginAt = options.beginAt === undefined ? undefined : parseTime(options.beginAt)
  const request = (files: readonly string[], unit: StatedUnit) => {
    const kind = detectorNamed(unit.detector)
    return {
      files,
      detector: kind,
      detectorName: unit.detector,
      module: unit.module,
      conditions: parseConditions(kind, parsePairs(options.condition, '--condition')),
      ...parseDims(options.dims, kind),
      ...given({ pdu: unit.pdu, beginAt, rawData }),
    }
  }
  if (detector !== undefined && module !== undefined) return [request(files, { detector, module, pdu })]
  const requests: ImportRequest[] = []
  for (const file of files) {
    const units = (await unitsInFile(file)).filter(
      unit =>
        (detector === undefined || unit.detector === detector) &&
        (module === undefined || unit.module === module) &&
        (pdu === undefined || unit.pdu === pdu),
    )
    if (units.length === 0)
      throw new UsageError('neither it nor the options say of which module it is', {
        place: { file },
        hint: 'State it with --detector and --module',
      })
    requests.push(...units.map(unit => request([file], unit)))
  }
  return requests
}

/** `a,b,c` for all calibrations, `Offset=a,b,c` for one. @throws UsageError */
function parseDims(
  stated: readonly string[],
  { name, calibrations }: Detector,
): Pick<ImportRequest, 'dims' | 'dimsOf'> {
  const namesOf = (text: string) => text.split(',').map(part => part.trim())
  const [all, ...more] = stated.filter(text => !text.includes('='))
  if (more.length > 0)
    throw new UsageError('--dims is given several times for all calibrations', {
      hint: 'Write it like --dims FFMap=slow_scan,fast_scan,cell,gain',
    })
  const dimsOf = Object.entries(
    parsePairs(
      stated.filter(text => text.includes('=')),
      '--dims',
    ),
  ).map(([calibration, text]) => {
    if (calibrations.some(known => known.name === calibration)) return [calibration, namesOf(text)] as const
    throw new UsageError(`--dims: ${name} has no calibration ${JSON.stringify(calibration)}`, {
      hint: `Use some of ${calibrations.map(known => known.name).join(', ')}`,
    })
  })
  return {
    ...(all === undefined ? {} : { dims: namesOf(all) }),
    ...(dimsOf.length === 0 ? {} : { dimsOf: Object.fromEntries(dimsOf) }),
  }
}
