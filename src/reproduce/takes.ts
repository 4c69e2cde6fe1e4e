import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHdf5 } from '../hdf5/index.js'
import { isDetcalError } from '../model/errors.js'
import { grouped } from '../model/grouped.js'
import type { RecordedCorrection, RecordedFile } from './recorded-correction.js'

/** Files that were made by one correction, and a metadata file that tells of that one alone. */
export interface Take {
  readonly metadata: string
  readonly files: readonly RecordedFile[]
}

type Table = Readonly<Record<string, unknown>>

/** Options that attributes of files do not tell, since results do not depend on them where the constants are named. */
const REPEATED = ['at', 'bad-pixels']

/**
 * The corrections that a metadata file tells of: where some of a run was corrected again there are several, and the options
 * of those before the last one stand in their files.
 * @param folder where metadata files of them are written.
 */
export async function takesOf(recorded: RecordedCorrection, folder: string): Promise<Take[]> {
  const last = recorded.files.filter(({ otherwise }) => otherwise === undefined)
  const takes: Take[] = last.length > 0 ? [{ metadata: recorded.metadata, files: last }] : []
  const earlier: { readonly file: RecordedFile; readonly options: Table }[] = []
  for (const file of recorded.files)
    if (file.otherwise !== undefined) earlier.push({ file, options: await optionsOf(file, recorded) })
  const { stringify } = await import('yaml')
  for (const group of grouped(earlier, ({ options }) => JSON.stringify(options)).values()) {
    const files = group.map(({ file }) => file)
    const metadata = join(folder, `take-${takes.length}.yml`)
    const tree = {
      'calibration-configurations': group[0]?.options,
      'retrieved-constants': { ...recorded.constants, ...constantsOf(files) },
    }
    writeFileSync(metadata, stringify(tree, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }))
    takes.push({ metadata, files })
  }
  return takes
}

/** All options of an earlier correction: the metadata file tells only those that the last one had too. */
async function optionsOf(
  { path, otherwise = {} }: RecordedFile,
  { configuration }: RecordedCorrection,
): Promise<Table> {
  const told: Table = { ...configuration, ...otherwise }
  const repeated = REPEATED.flatMap(name => (told[name] === undefined ? [] : [[name, told[name]]]))
  const karaboId = { 'karabo-id': configuration['karabo-id'] }
  return { ...karaboId, ...((await ownOptions(path)) ?? told), ...Object.fromEntries(repeated) }
}

async function ownOptions(path: string): Promise<Table | undefined> {
  try {
    const text = await readHdf5(path, file => file.attribute('/', 'detcal_options'))
    return typeof text === 'string' ? (JSON.parse(text) as Table) : undefined
  } catch (error) {
    if (isDetcalError(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Constants of modules that have others now. */
function constantsOf(files: readonly RecordedFile[]): Table {
  return Object.fromEntries(
    files.flatMap(({ aggregator, otherwise }) =>
      otherwise?.['constants'] === undefined ? [] : [[aggregator, otherwise['constants']]],
    ),
  )
}
