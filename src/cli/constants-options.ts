import type { Argv } from 'yargs'
import type { ConstantVersion } from '../../constants/catalogue.js'
import type { ListFilter } from '../../constants/sqlite-catalogue.js'
import type { Detector } from '../detectors/detector.js'
import { DETECTORS } from '../detectors/index.js'
import { UsageError } from '../model/errors.js'

/** Options that say which constants of a catalogue are meant. */
export interface FilterOptions {
  readonly catalogue: string
  readonly detector: string | undefined
  readonly module: number | undefined
  readonly pdu: string | undefined
  readonly calibration: string | undefined
  readonly json: boolean
}

/** Declares {@link FilterOptions}. */
export function filterOptions(yargs: Argv): Argv<FilterOptions> {
  return yargs
    .option('catalogue', {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'folder of the catalogue',
    })
    .option('detector', {
      type: 'string',
      requiresArg: true,
      describe: 'only modules of this detector, as named when they were imported',
    })
    .option('module', { type: 'number', requiresArg: true, describe: 'only this module' })
    .option('pdu', { type: 'string', requiresArg: true, describe: 'only this physical detector unit' })
    .option('calibration', {
      type: 'string',
      requiresArg: true,
      describe: 'only this calibration: Offset, …',
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'print JSON on stdout',
    }) as Argv<FilterOptions>
}

/** The filter that the options state. */
export function filterOf(options: FilterOptions): ListFilter {
  const { detector, module, pdu, calibration } = options
  return Object.fromEntries(
    Object.entries({ detector, module, pdu, calibration }).filter(([, value]) => value !== undefined),
  )
}

/**
 * The detector that `name` means: its id (`agipd1m`), or the Karabo name of an instance (`SPB_DET_AGIPD1M-1`).
 * @throws UsageError naming those there are.
 */
export function detectorNamed(name: string): Detector {
  const found = DETECTORS.find(({ id, rawSource }) => id === name || rawSource.test(`${name}/DET/0CH0:xtdf`))
  if (found) return found
  throw new UsageError(`no detector is called ${JSON.stringify(name)}`, {
    hint: `Use ${DETECTORS.map(({ id, karaboId }) => `${id} or a Karabo name like ${karaboId}`).join(', ')}`,
  })
}

/** A version for `--json`: plain values, times in ISO 8601. */
export function versionRecord(version: ConstantVersion): Record<string, unknown> {
  return { ...version, beginAt: version.beginAt.toISOString(), created: version.created.toISOString() }
}

/** Conditions on one line, `name=value` separated by commas. */
export function conditionsText(version: ConstantVersion): string {
  return Object.entries(version.conditions)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}
