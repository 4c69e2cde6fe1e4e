// Imports one file into a catalogue from a process of its own: import-process.mjs <catalogue> <module> <file>
import { importConstants } from '../../dist/constants/catalogue/import.js'
import { SqliteCatalogue } from '../../dist/constants/catalogue/sqlite-catalogue.js'
import { AGIPD_1M } from '../../dist/src/kits/agipd/record.js'

const [root, module, file] = process.argv.slice(2)
const catalogue = SqliteCatalogue.open(root, 'write')
const detectorName = 'agipd1m'
const report = await importConstants(catalogue, {
  files: [file],
  detector: AGIPD_1M,
  detectorName,
  module: Number(module),
})
catalogue.close()
process.stdout.write(JSON.stringify(report.versions.map(({ version, isNew }) => [version.id, isNew])))
