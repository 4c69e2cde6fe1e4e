import type { Argv } from 'yargs'
import { DARK_OPTIONS, type DarkRequest } from '../engine/dark/request.js'
import { DETECTORS } from '../kits/index.js'
import { given } from '../model/given.js'
import { flagOption, type MachineArguments, numberOption, parsePairs, textOption } from './options.js'

/** Options of `detcal dark` as yargs gives them. */
export interface DarkArguments
  extends Omit<DarkRequest, 'runs' | 'conditions'>,
    Readonly<DarkRequest['runs']>,
    Pick<MachineArguments, 'workers' | 'memory'> {
  readonly condition: readonly string[]
  readonly report?: string
  readonly json: boolean
  readonly dryRun: boolean
}

const RUNS = 'Runs:'
const INTO = 'Constants:'
const LIMITS = 'Limits of good pixels (defaults by detector):'
const OUTPUT = 'Reports:'
const MACHINE = 'Resources:'

/** The options of `detcal dark`, in the groups of its help. */
export function darkOptions(yargs: Argv): Argv<DarkArguments> {
  return yargs
    .options({
      high: textOption('dark run in high gain', RUNS),
      medium: textOption('dark run in medium gain', RUNS),
      low: textOption('dark run in low gain', RUNS),
      run: textOption('the single dark run of a detector without gain stages, or in parallel gain', RUNS),
      'parallel-gain': {
        group: RUNS,
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      },
      detector: {
        ...textOption(`${DETECTORS.map(({ id }) => id).join(', ')} or a Karabo name`, RUNS),
        default: 'auto',
      },
      modules: textOption('module numbers: 0,3,5-7', RUNS),
      trains: textOption('slice over the sorted train ids of each run, A:B[:S]', RUNS),
      catalogue: {
        ...textOption('folder of the constants catalogue; created if missing', INTO),
        demandOption: true,
      },
      condition: { ...textOption('operating condition: "Memory cells=352"', INTO), array: true, default: [] },
      'begin-at': textOption('start of their validity (ISO 8601) [default: time of the first run]', INTO),
      'offset-sigma': numberOption(
        'distance of an offset from the median, in standard deviations over the module',
        LIMITS,
      ),
      'offset-hard': textOption(
        'least and greatest offset, ADU: low,high, or one pair a stage: l,h:l,h:l,h',
        LIMITS,
      ),
      'noise-sigma': numberOption('the same for noise', LIMITS),
      'noise-hard': textOption('the same for noise', LIMITS),
      'gain-separation': numberOption(
        'least distance between raw gains of neighbouring stages, in standard deviations',
        LIMITS,
      ),
      report: textOption('HTML report: FILE.html', OUTPUT),
      json: flagOption('print the result as JSON', OUTPUT),
      workers: numberOption('threads [default: cores]', MACHINE),
      memory: textOption('memory limit: 8GiB [default: 60 %, at most 8GiB]', MACHINE),
      'dry-run': flagOption('print the plan and stop', MACHINE),
    })
    .example(
      '$0 dark --high raw/r0001 --medium raw/r0002 --low raw/r0003 --catalogue catalogue --report dark.html',
      'constants of all modules, and a report to look at',
    )
    .example(
      '$0 dark --run raw/r0004 --catalogue catalogue',
      'DSSC, or LPD in parallel gain',
    ) as unknown as Argv<DarkArguments>
}

/** The request that the options say. @throws UsageError */
export function darkRequestOf(args: DarkArguments): DarkRequest {
  return {
    ...given(args, DARK_OPTIONS),
    runs: given(args, ['high', 'medium', 'low', 'run']),
    catalogue: args.catalogue,
    conditions: parsePairs(args.condition, '--condition'),
  }
}
