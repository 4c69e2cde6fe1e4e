import type { Argv } from 'yargs'
import type { VersionQuery } from '../../constants/catalogue/query.js'
import type { Strategy } from '../../constants/catalogue/select.js'
import {
  type Conditions,
  conditionText,
  parameterNames,
  parseConditions,
} from '../../constants/model/conditions.js'
import type { ConstantVersion } from '../../constants/model/version.js'
import type { Detector } from '../detectors/detector.js'
import { DETECTORS } from '../kits/index.js'
import { UsageError } from '../model/errors.js'
import { parseTime } from '../model/time.js'
import { inRanges, parseRanges } from '../sources/run/query.js'
import { flagOption, listOption, parsePairs, textOption } from './options.js'

/** Options that select constants of a catalogue. */
export interface FilterOptions {
  readonly catalogue: string
  readonly detector: string | undefined
  readonly module: string | undefined
  readonly pdu: string | undefined
  readonly calibration: string | undefined
  readonly condition: readonly string[]
  readonly at: string | undefined
  readonly strategy: Strategy
  readonly json: boolean
}

const WHICH = 'Which constants:'

/** Declares {@link FilterOptions}. */
export function filterOptions(yargs: Argv): Argv<FilterOptions> {
  return yargs.options({
    catalogue: { ...textOption('folder of the catalogue'), demandOption: true },
    detector: textOption('only of this detector: SPB_DET_AGIPD1M-1, or agipd1m for all of its kind', WHICH),
    module: {
      ...textOption('only PDUs that ever served as one of these modules: 0,3,5-7', WHICH),
      alias: 'modules',
    },
    pdu: textOption('only this physical detector unit (PDU)', WHICH),
    calibration: { ...textOption('only these calibrations: Offset,Noise', WHICH), alias: 'calibrations' },
    condition: listOption('only those for this operating condition, name=value, may be repeated', WHICH),
    at: textOption('only those that a run of this time would get (ISO 8601; UTC without a zone)', WHICH),
    strategy: {
      ...textOption('with --at: which of several constants in time', WHICH),
      choices: ['closest', 'prior'] as const,
      default: 'closest' as const,
    },
    json: flagOption('print JSON on stdout'),
  }) as unknown as Argv<FilterOptions>
}

/** What the options select. @throws UsageError for unknown names. */
export function queryOf(options: FilterOptions): VersionQuery {
  const { detector: name, module, pdu, calibration, condition, at, strategy } = options
  const detector = name === undefined ? undefined : detectorNamed(name)
  const kinds = detector ? [detector] : DETECTORS
  return {
    ...(detector === undefined ? {} : { detectorType: detector.type }),
    ...(name === undefined || name === detector?.id ? {} : { detector: name }),
    ...(module === undefined ? {} : { modules: modulesOf(module, kinds) }),
    ...(pdu === undefined ? {} : { pdu }),
    ...(calibration === undefined ? {} : { calibrations: calibrationsOf(calibration, kinds) }),
    conditions: conditionsOf(condition, kinds),
    ...(at === undefined ? {} : { at: parseTime(at), strategy }),
  }
}

function modulesOf(text: string, kinds: readonly Detector[]): number[] {
  const ranges = parseRanges(text, '--module')
  const most = Math.max(...kinds.map(({ moduleCount }) => moduleCount))
  const beyond = ranges.find(({ to }) => to >= most)
  if (beyond) throw new UsageError(`there is no module ${beyond.to}`, { hint: `Use 0 to ${most - 1}` })
  return Array.from({ length: most }, (_, module) => module).filter(module => inRanges(ranges, module))
}

function calibrationsOf(text: string, kinds: readonly Detector[]): string[] {
  const known = [...new Set(kinds.flatMap(({ calibrations }) => calibrations.map(({ name }) => name)))]
  return text.split(',').map(part => {
    const name = known.find(each => each.toLowerCase() === part.trim().toLowerCase())
    if (name !== undefined) return name
    throw new UsageError(`no calibration is called ${JSON.stringify(part.trim())}`, {
      hint: `Use some of ${known.join(', ')}`,
    })
  })
}

/** Without a detector, a condition may belong to any: each name is spelled as in the first that has it. */
function conditionsOf(pairs: readonly string[], kinds: readonly Detector[]): Conditions {
  const found = Object.entries(parsePairs(pairs, '--condition')).map(([name, value]) => {
    const knows = (detector: Detector) =>
      parameterNames(detector).some(known => known.toLowerCase() === name.toLowerCase())
    const detector = kinds.find(knows) ?? kinds[0]
    return detector ? parseConditions(detector, { [name]: value }) : {}
  })
  return Object.assign({}, ...found) as Conditions
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

/** ISO 8601, UTC, without a fraction of zero. */
export function timeText(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z')
}

/** Conditions on one line, `name=value` separated by commas. */
export function conditionList(conditions: Conditions): string {
  return Object.entries(conditions)
    .map(([name, value]) => `${name}=${conditionText(name, value)}`)
    .join(', ')
}
