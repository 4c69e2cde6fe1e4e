import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import type { Change } from '../../../constants/catalogue/changes.js'
import { selectSome } from '../../../constants/catalogue/query.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { makerOf } from '../../../constants/files/layout.js'
import { locateConstant } from '../../../constants/files/source.js'
import { type PlaneStatistics, statisticsOf } from '../../../constants/loading/statistics.js'
import { calibrationOf } from '../../../constants/model/calibrations.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import type { Detector } from '../../detectors/detector.js'
import { DETECTORS } from '../../kits/index.js'
import { given } from '../../model/given.js'
import {
  conditionList,
  type FilterOptions,
  filterOptions,
  queryOf,
  timeText,
  versionRecord,
} from '../constants-options.js'
import { numberOption } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

interface ShowOptions extends FilterOptions {
  readonly id: number | undefined
  readonly statistics: boolean
}

/** `detcal constants show`: everything known about constants, and statistics of their values. */
export const showCommand: CommandModule<object, ShowOptions> = {
  command: 'show [id]',
  describe: 'show everything known about one constant, or about those that the options select',
  builder: (yargs: Argv) =>
    filterOptions(yargs)
      .positional('id', numberOption('number of the constant, see constants list'))
      .option('statistics', { type: 'boolean', default: true, describe: 'summarise the values' })
      .example('$0 constants show 12 --catalogue cat', 'all about constant 12')
      .example(
        '$0 constants show --catalogue cat --module 0-3 --calibration Offset --no-statistics',
        'all offsets of four modules, without reading their numbers',
      ) as unknown as Argv<ShowOptions>,
  handler: (options: ArgumentsCamelCase<ShowOptions>) =>
    SqliteCatalogue.using(options.catalogue, async catalogue => {
      const { id } = options
      const query = { ...queryOf(options), ...given(options, ['id']) }
      // One that is asked for by its number is shown, removed or not.
      const gone = id === undefined ? [] : catalogue.list({ id, removed: true })
      const versions = gone.length > 0 ? gone : selectSome(catalogue, DETECTORS, query)
      const shown: Shown[] = []
      for (const version of versions)
        shown.push({
          version,
          changes: catalogue.changes.of(version.id),
          planes: await planesOf(version, options.statistics),
          software: options.statistics ? await makerOf(version) : undefined,
        })
      if (options.json)
        printJson(shown.map(({ version, ...read }) => ({ ...versionRecord(version), ...read })))
      else process.stdout.write(shown.map(text).join('\n'))
    }),
}

interface Shown {
  readonly version: ConstantVersion
  /** What was done to it after it was entered. */
  readonly changes: readonly Change[]
  readonly planes: readonly PlaneStatistics[]
  /** The software that made it; absent: its file does not say, or was not read. */
  readonly software: string | undefined
}

async function planesOf(version: ConstantVersion, wanted: boolean): Promise<PlaneStatistics[]> {
  const detector = detectorOf(version)
  return wanted && detector ? statisticsOf(detector, await locateConstant(detector, version)) : []
}

function detectorOf({ detectorType }: ConstantVersion): Detector | undefined {
  return DETECTORS.find(({ type }) => type === detectorType)
}

function text({ version, changes, planes, software }: Shown): string {
  const detector = detectorOf(version)
  const calibration = detector && calibrationOf(detector, version.calibration)
  const fields: readonly (readonly [string, string])[] = [
    ['id', String(version.id)],
    ['calibration', version.calibration],
    ['last axis', calibration?.meaning ?? 'unknown'],
    ['pdu', version.pdu],
    ['valid from', timeText(version.beginAt)],
    ['conditions', conditionList(version.conditions) || 'none stated'],
    ['file', version.path],
    ['dataset', `${version.dataset}/data`],
    ['shape', version.dims.map((dim, axis) => `${dim} ${version.shape[axis]}`).join(', ')],
    ['dtype', version.dtype],
    ['file size', `${version.size} bytes`],
    ['sha256', version.sha256],
    ['raw data', version.rawData ?? 'not stated'],
    ...(software === undefined ? [] : [['made by', software] satisfies [string, string]]),
    ['imported', timeText(version.created)],
    ...changes.map(change => [change.action, changeText(change)] satisfies [string, string]),
  ]
  const width = Math.max(...fields.map(([name]) => name.length))
  return `${fields.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')}${numbers(planes)}`
}

/** When, what it was until then, and why. */
function changeText({ action, before, reason, created }: Change): string {
  const was =
    action === 'amended'
      ? `, before: from ${timeText(before.beginAt)}, ${conditionList(before.conditions) || 'no conditions'}`
      : ''
  return `${timeText(created)}${was}${reason === undefined ? '' : `, ${JSON.stringify(reason)}`}`
}

function numbers(planes: readonly PlaneStatistics[]): string {
  if (planes.length === 0) return ''
  if (planes.some(({ bad }) => bad))
    return table(
      ['plane', 'values', 'bad', 'reasons'],
      planes.map(({ values, bad }, plane) => [
        String(plane),
        String(values),
        String(bad?.pixels ?? 0),
        Object.entries(bad?.byReason ?? {})
          .map(([reason, count]) => `${reason} ${count}`)
          .join(', '),
      ]),
    )
  return table(
    ['plane', 'values', 'not finite', 'least', 'mean', 'greatest'],
    planes.map(({ values, notFinite, range }, plane) => [
      String(plane),
      String(values),
      String(notFinite),
      ...[range?.min, range?.mean, range?.max].map(value => (value ?? Number.NaN).toPrecision(7)),
    ]),
  )
}
