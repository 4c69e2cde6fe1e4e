import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { type ExportedFile, exportConstants } from '../../../constants/catalogue/export.js'
import { selectSome } from '../../../constants/catalogue/query.js'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { DETECTORS } from '../../kits/index.js'
import { type FilterOptions, filterOptions, queryOf, versionRecord } from '../constants-options.js'
import { interruptible } from '../exit.js'
import { flagOption, textOption } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

interface ExportOptions extends FilterOptions {
  readonly out: string
  readonly overwrite: boolean
}

/** `detcal constants export`: constants as files that can be imported again without loss. */
export const exportCommand: CommandModule<object, ExportOptions> = {
  command: 'export',
  describe: "write constants into a folder, as files in CalCat's layout and tree",
  builder: (yargs: Argv) =>
    filterOptions(yargs)
      .options({
        out: { ...textOption('folder for xfel/cal/<type>/<pdu>/cal.<epoch>.h5'), demandOption: true },
        overwrite: flagOption('replace other files of these names'),
      })
      .example('$0 constants export --catalogue cat --out constants', 'all of them')
      .example(
        '$0 constants export --catalogue cat --out c --detector SPB_DET_AGIPD1M-1 --at 2025-02-01T12:00',
        'what a run of that time would get',
      )
      .example(
        '$0 constants import constants/xfel/cal/*/*/cal.*.h5 --catalogue other',
        'and back: the files say all that must be stated',
      ) as unknown as Argv<ExportOptions>,
  handler: (options: ArgumentsCamelCase<ExportOptions>) =>
    SqliteCatalogue.using(options.catalogue, async catalogue => {
      const versions = selectSome(catalogue, DETECTORS, queryOf(options))
      const { out, overwrite } = options
      const files = await interruptible(signal =>
        exportConstants(catalogue, DETECTORS, { versions, out, overwrite, signal }),
      )
      if (options.json) printJson({ out, files: files.map(record) })
      else process.stdout.write(listing(files))
    }),
}

function record({ versions, ...file }: ExportedFile): Record<string, unknown> {
  return { ...file, versions: versions.map(versionRecord) }
}

function listing(files: readonly ExportedFile[]): string {
  return table(
    ['file', 'module', 'constants', ''],
    files.map(({ file, versions, places, isNew }) => [
      file,
      places.map(({ detector, module }) => `${detector}/${module}`).join(', '),
      versions.map(({ calibration }) => calibration).join(', '),
      isNew ? 'written' : 'was there',
    ]),
  )
}
