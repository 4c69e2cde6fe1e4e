import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { importAllConstants } from '../../../constants/catalogue/import.js'
import type { ImportReport } from '../../../constants/catalogue/import-request.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { timeText, versionRecord } from '../constants-options.js'
import { interruptible } from '../exit.js'
import { type ImportOptions, importRequests } from '../import-requests.js'
import { flagOption, listOption, numberOption, textOption } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

/** `detcal constants import`: files of one module's constants enter a catalogue, all or none. */
export const importCommand: CommandModule<object, ImportOptions> = {
  command: 'import <files..>',
  describe:
    "copy files in CalCat's layout, or Cheetah's, into a catalogue, which is made where there is none",
  builder: (yargs: Argv) =>
    yargs
      .positional('files', { ...textOption('files of constants'), array: true, demandOption: true })
      .options({
        catalogue: { ...textOption('folder of the catalogue'), demandOption: true },
        detector: textOption(
          'Karabo name of the detector (SPB_DET_AGIPD1M-1), or agipd1m for any; default: what the files state',
        ),
        module: numberOption('module number; default: what the files state'),
        pdu: textOption('physical detector unit (PDU); default: the one the file names'),
        'begin-at': textOption('valid from, ISO 8601; default: the epoch in cal.<epoch>.h5'),
        condition: listOption(
          'operating condition name=value, may be repeated; takes precedence over the file',
        ),
        dims: listOption(
          'order of axes, slowest first: fast_scan,slow_scan,cell,gain; of one calibration: FFMap=slow_scan,…; may be repeated',
        ),
        'raw-data': textOption('where the raw data are, for the record'),
        json: flagOption('print JSON on stdout'),
      })
      .example(
        '$0 constants import cal.1738172761.h5 --catalogue cat --detector SPB_DET_AGIPD1M-1 --module 3',
        'import one file',
      )
      .example(
        '$0 constants import Cheetah-AGIPD03-calib.h5 --catalogue cat --detector agipd1m --module 3 --begin-at 2018-03-01',
        "one of Cheetah's: AnalogOffset, DigitalGainLevel, RelativeGain, Badpixel",
      )
      .example(
        '$0 constants import export/xfel/cal/*/*/cal.*.h5 --catalogue cat',
        'what detcal constants export wrote, which states all by itself',
      ) as unknown as Argv<ImportOptions>,
  handler: async (options: ArgumentsCamelCase<ImportOptions>) => {
    const requests = await importRequests(options)
    const enter = (catalogue: SqliteCatalogue) =>
      interruptible(signal => importAllConstants(catalogue, requests, signal))
    print(await SqliteCatalogue.using(options.catalogue, enter, 'write'), options.json)
  },
}

function print({ versions, skipped, assumed }: ImportReport, json: boolean): void {
  for (const { file, dataset } of skipped)
    process.stderr.write(`${file}, ${dataset}: not imported, the detector has no such calibration\n`)
  for (const { file, dataset, dims } of assumed)
    process.stderr.write(
      `warning: ${file}, ${dataset}: taken as (${dims.join(', ')}), which neither its dims nor its shape tell. ` +
        'State it with --dims to be sure.\n',
    )
  if (json) {
    printJson({
      versions: versions.map(({ version, isNew }) => ({ ...versionRecord(version), isNew })),
      skipped,
      assumed,
    })
    return
  }
  const rows = versions.map(({ version: { id, calibration, pdu, beginAt, file }, isNew }) => [
    String(id),
    calibration,
    pdu,
    timeText(beginAt),
    file,
    isNew ? 'imported' : 'was there',
  ])
  process.stdout.write(table(['id', 'calibration', 'pdu', 'valid from', 'file', ''], rows))
}
