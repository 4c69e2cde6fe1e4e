import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { parseConditions } from '../../../constants/conditions.js'
import { type ImportReport, importConstants } from '../../../constants/import.js'
import { SqliteCatalogue } from '../../../constants/sqlite-catalogue.js'
import { detectorNamed, versionRecord } from '../constants-options.js'
import { parsePairs, parseTime } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

interface ImportOptions {
  readonly files: readonly string[]
  readonly catalogue: string
  readonly detector: string
  readonly module: number
  readonly pdu: string | undefined
  readonly beginAt: string | undefined
  readonly condition: readonly string[]
  readonly dims: string | undefined
  readonly rawData: string | undefined
  readonly json: boolean
}

/** `detcal constants import`: files of one module's constants enter a catalogue, all or none. */
export const importCommand: CommandModule<object, ImportOptions> = {
  command: 'import <files..>',
  describe: "copy files in CalCat's layout into a catalogue, which is made where there is none",
  builder: (yargs: Argv) =>
    yargs
      .positional('files', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'files of constants',
      })
      .option('catalogue', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'folder of the catalogue',
      })
      .option('detector', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'Karabo name of the detector (SPB_DET_AGIPD1M-1), or agipd1m for any',
      })
      .option('module', {
        type: 'number',
        demandOption: true,
        requiresArg: true,
        describe: 'module, 0 to 15',
      })
      .option('pdu', {
        type: 'string',
        requiresArg: true,
        describe: 'physical unit; default: what the file names',
      })
      .option('begin-at', {
        type: 'string',
        requiresArg: true,
        describe: 'valid from, ISO 8601; default: the epoch in cal.<epoch>.h5',
      })
      .option('condition', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'operating condition name=value, may be repeated',
      })
      .option('dims', {
        type: 'string',
        requiresArg: true,
        describe: 'order of axes, slowest first: fast_scan,slow_scan,cell,gain',
      })
      .option('raw-data', {
        type: 'string',
        requiresArg: true,
        describe: 'where the raw data are, for the record',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print JSON on stdout' })
      .example(
        '$0 constants import cal.1738172761.h5 --catalogue cat --detector SPB_DET_AGIPD1M-1 --module 3',
        'import one file',
      ) as unknown as Argv<ImportOptions>,
  handler: async (options: ArgumentsCamelCase<ImportOptions>) => {
    const detector = detectorNamed(options.detector)
    const conditions = parseConditions(detector, parsePairs(options.condition, '--condition'))
    const beginAt = options.beginAt === undefined ? undefined : parseTime(options.beginAt)
    const catalogue = SqliteCatalogue.open(options.catalogue, 'write')
    try {
      const report = await importConstants(catalogue, {
        files: options.files,
        detector,
        detectorName: options.detector,
        module: options.module,
        conditions,
        ...(options.pdu === undefined ? {} : { pdu: options.pdu }),
        ...(beginAt === undefined ? {} : { beginAt }),
        ...(options.dims === undefined ? {} : { dims: options.dims.split(',').map(name => name.trim()) }),
        ...(options.rawData === undefined ? {} : { rawData: options.rawData }),
      })
      print(report, options.json)
    } finally {
      catalogue.close()
    }
  },
}

function print({ versions, skipped }: ImportReport, json: boolean): void {
  for (const { file, dataset } of skipped)
    process.stderr.write(`${file}, ${dataset}: not imported, the detector has no such calibration\n`)
  if (json) {
    printJson({
      versions: versions.map(({ version, isNew }) => ({ ...versionRecord(version), isNew })),
      skipped,
    })
    return
  }
  const rows = versions.map(({ version: { id, calibration, pdu, beginAt, file }, isNew }) => [
    String(id),
    calibration,
    pdu,
    beginAt.toISOString(),
    file,
    isNew ? 'imported' : 'was there',
  ])
  process.stdout.write(table(['id', 'calibration', 'pdu', 'valid from', 'file', ''], rows))
}
