import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { selectConstants } from '../../../constants/catalogue/query.js'
import { type Placement, SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import { DETECTORS } from '../../kits/index.js'
import {
  conditionList,
  type FilterOptions,
  filterOptions,
  queryOf,
  timeText,
  versionRecord,
} from '../constants-options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

interface ListOptions extends FilterOptions {
  readonly removed: boolean
}

/** `detcal constants list`: one line a constant. */
export const listCommand: CommandModule<object, ListOptions> = {
  command: 'list',
  describe: 'list the constants of a catalogue',
  builder: (yargs: Argv) =>
    filterOptions(yargs)
      .option('removed', {
        type: 'boolean',
        default: false,
        describe: 'those that were removed, and no others',
      })
      .example(
        '$0 constants list --catalogue cat --module 3 --calibration Offset',
        'all offsets of what ever was module 3',
      )
      .example(
        '$0 constants list --catalogue cat --detector SPB_DET_AGIPD1M-1 --at 2025-02-01T12:00',
        'what a run of that time would get',
      ) as unknown as Argv<ListOptions>,
  handler: (options: ArgumentsCamelCase<ListOptions>) =>
    SqliteCatalogue.using(options.catalogue, catalogue => {
      const versions = selectConstants(catalogue, DETECTORS, {
        ...queryOf(options),
        removed: options.removed,
      })
      const placements = catalogue.placements()
      if (options.json)
        printJson(
          versions.map(version => ({ ...versionRecord(version), modules: modulesOf(version, placements) })),
        )
      else process.stdout.write(listing(versions, placements))
    }),
}

function listing(versions: readonly ConstantVersion[], placements: readonly Placement[]): string {
  if (versions.length === 0) return 'no constants\n'
  return table(
    ['id', 'calibration', 'pdu', 'module', 'valid from', 'shape', 'dtype', 'conditions'],
    versions.map(version => [
      String(version.id),
      version.calibration,
      version.pdu,
      modulesOf(version, placements).join(', '),
      timeText(version.beginAt),
      version.shape.join('x'),
      version.dtype,
      conditionList(version.conditions),
    ]),
  )
}

/** All places of a version's PDU: `SPB_DET_AGIPD1M-1/3`. */
function modulesOf({ pdu }: ConstantVersion, placements: readonly Placement[]): string[] {
  const places = placements.filter(placement => placement.pdu === pdu)
  return [...new Set(places.map(({ detector, module }) => `${detector}/${module}`))]
}
