import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { SqliteCatalogue } from '../../../constants/catalogue/sqlite-catalogue.js'
import { calibrationOf } from '../../../constants/model/calibrations.js'
import { type Conditions, conditionsOf, parseConditions } from '../../../constants/model/conditions.js'
import type { ConstantVersion } from '../../../constants/model/version.js'
import { DETECTORS } from '../../kits/index.js'
import { ConstantsError, UsageError } from '../../model/errors.js'
import { parseTime } from '../../model/time.js'
import { conditionList, timeText, versionRecord } from '../constants-options.js'
import { parsePairs } from '../options.js'
import { printJson } from '../output.js'
import { table } from '../table.js'

interface ChangeOptions {
  readonly ids: readonly number[]
  readonly catalogue: string
  readonly reason: string | undefined
  readonly json: boolean
}

interface AmendOptions extends ChangeOptions {
  readonly condition: readonly string[]
  readonly beginAt: string | undefined
}

/** `detcal constants remove`: constants that are not to be found any more. */
export const removeCommand: CommandModule<object, ChangeOptions> = {
  command: 'remove <ids..>',
  describe: 'have constants found no more; rows and files stay, and restore takes it back',
  builder: (yargs: Argv) =>
    changeOptions(yargs).example(
      '$0 constants remove 12 13 --catalogue cat --reason "shutter was open"',
      'two constants that were wrong',
    ),
  handler: options => change(options, (catalogue, { id }) => catalogue.changes.remove(id, options.reason)),
}

/** `detcal constants amend`: what was stated wrongly of constants. */
export const amendCommand: CommandModule<object, AmendOptions> = {
  command: 'amend <ids..>',
  describe: 'state other conditions of constants, or another time; restore takes it back',
  builder: (yargs: Argv) =>
    changeOptions(yargs)
      .option('condition', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'operating condition name=value, may be repeated; the others stay',
      })
      .option('begin-at', { type: 'string', requiresArg: true, describe: 'valid from, ISO 8601' })
      .example(
        '$0 constants amend 1 2 3 4 --catalogue cat --condition "Sensor Bias Voltage=300"',
        'a dark run that was entered with the wrong bias',
      ) as unknown as Argv<AmendOptions>,
  handler: options => {
    const { condition, beginAt, reason } = options
    if (condition.length === 0 && beginAt === undefined)
      throw new UsageError('nothing is stated anew', { hint: 'Give --condition NAME=VALUE or --begin-at' })
    const at = beginAt === undefined ? {} : { beginAt: parseTime(beginAt) }
    change(options, (catalogue, version) =>
      catalogue.changes.amend(version.id, { ...at, conditions: conditionsFor(version, condition) }, reason),
    )
  },
}

/** `detcal constants restore`: takes back the last change of constants. */
export const restoreCommand: CommandModule<object, ChangeOptions> = {
  command: 'restore <ids..>',
  describe: 'take back what was done to constants last: remove or amend',
  builder: (yargs: Argv) =>
    changeOptions(yargs).example('$0 constants restore 12 --catalogue cat', 'it is found again'),
  handler: options => change(options, (catalogue, { id }) => catalogue.changes.restore(id, options.reason)),
}

function changeOptions(yargs: Argv): Argv<ChangeOptions> {
  return yargs
    .positional('ids', {
      type: 'number',
      array: true,
      demandOption: true,
      describe: 'numbers of constants, see constants list',
    })
    .option('catalogue', {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'folder of the catalogue',
    })
    .option('reason', { type: 'string', requiresArg: true, describe: 'for the record' })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'print JSON on stdout',
    }) as unknown as Argv<ChangeOptions>
}

/** Does it to all of the constants, or to none, and prints what they are then. */
function change(
  { ids, catalogue: root, json }: ArgumentsCamelCase<ChangeOptions>,
  action: (catalogue: SqliteCatalogue, version: ConstantVersion) => unknown,
): void {
  // A catalogue is made for what enters it, never to change nothing.
  SqliteCatalogue.open(root).close()
  const catalogue = SqliteCatalogue.open(root, 'write')
  try {
    const wanted = [...new Set(ids)]
    catalogue.transaction(() => {
      for (const id of wanted) action(catalogue, versionOf(catalogue, id).version)
    })
    print(
      wanted.map(id => versionOf(catalogue, id)),
      json,
    )
  } finally {
    catalogue.close()
  }
}

function versionOf(catalogue: SqliteCatalogue, id: number): { version: ConstantVersion; removed: boolean } {
  for (const removed of [false, true]) {
    const [version] = catalogue.list({ id, removed })
    if (version) return { version, removed }
  }
  throw new ConstantsError(`there is no constant ${id}`, {
    place: { file: catalogue.root },
    hint: 'List those there are with detcal constants list, also with --removed',
  })
}

/** The constant's conditions with some stated anew. @throws UsageError for one that it does not depend on. */
function conditionsFor(version: ConstantVersion, pairs: readonly string[]): Conditions {
  const detector = DETECTORS.find(({ type }) => type === version.detectorType)
  const calibration = detector && calibrationOf(detector, version.calibration)
  if (detector === undefined || calibration === undefined) return version.conditions
  const stated = parseConditions(detector, parsePairs(pairs, '--condition'))
  const strange = Object.keys(stated).find(name => !(name in conditionsOf(detector, calibration, stated)))
  if (strange !== undefined)
    throw new UsageError(`${version.calibration} (constant ${version.id}) does not depend on ${strange}`)
  return conditionsOf(detector, calibration, { ...version.conditions, ...stated })
}

function print(changed: readonly { version: ConstantVersion; removed: boolean }[], json: boolean): void {
  if (json) printJson(changed.map(({ version, removed }) => ({ ...versionRecord(version), removed })))
  else
    process.stdout.write(
      table(
        ['id', 'calibration', 'pdu', 'valid from', 'conditions', ''],
        changed.map(({ version: { id, calibration, pdu, beginAt, conditions }, removed }) => [
          ...[String(id), calibration, pdu, timeText(beginAt), conditionList(conditions)],
          removed ? 'removed' : '',
        ]),
      ),
    )
}
