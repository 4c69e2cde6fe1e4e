import type { Argv } from 'yargs'
import { DARK_OPTIONS, type DarkRequest } from '../engine/dark/request.js'
import { DETECTORS } from '../kits/index.js'
import { given, type MachineArguments, parsePairs } from './options.js'

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
  const text = { type: 'string', requiresArg: true } as const
  const number = { type: 'number', requiresArg: true } as const
  return yargs
    .options({
      high: { ...text, group: RUNS, describe: 'dark run in high gain' },
      medium: { ...text, group: RUNS, describe: 'dark run in medium gain' },
      low: { ...text, group: RUNS, describe: 'dark run in low gain' },
      run: {
        ...text,
        group: RUNS,
        describe: 'the single dark run of a detector without gain stages, or in parallel gain',
      },
      'parallel-gain': {
        group: RUNS,
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      },
      detector: {
        ...text,
        group: RUNS,
        default: 'auto',
        describe: `${DETECTORS.map(({ id }) => id).join(', ')} or a Karabo name`,
      },
      modules: { ...text, group: RUNS, describe: 'module numbers: 0,3,5-7' },
      trains: { ...text, group: RUNS, describe: 'slice over the sorted train ids of each run, A:B[:S]' },
      catalogue: {
        ...text,
        group: INTO,
        demandOption: true,
        describe: 'folder of the constants catalogue; created if missing',
      },
      condition: {
        group: INTO,
        type: 'string',
        array: true,
        default: [],
        describe: 'operating condition: "Memory cells=352"',
      },
      'begin-at': {
        ...text,
        group: INTO,
        describe: 'start of their validity (ISO 8601) [default: time of the first run]',
      },
      'offset-sigma': {
        ...number,
        group: LIMITS,
        describe: 'distance of an offset from the median, in standard deviations over the module',
      },
      'offset-hard': {
        ...text,
        group: LIMITS,
        describe: 'least and greatest offset, ADU: low,high, or one pair a stage: l,h:l,h:l,h',
      },
      'noise-sigma': { ...number, group: LIMITS, describe: 'the same for noise' },
      'noise-hard': { ...text, group: LIMITS, describe: 'the same for noise' },
      'gain-separation': {
        ...number,
        group: LIMITS,
        describe: 'least distance between raw gains of neighbouring stages, in standard deviations',
      },
      report: { ...text, group: OUTPUT, describe: 'HTML report: FILE.html' },
      json: { group: OUTPUT, type: 'boolean', default: false, describe: 'print the result as JSON' },
      workers: { ...number, group: MACHINE, describe: 'threads [default: cores]' },
      memory: {
        ...text,
        group: MACHINE,
        describe: 'memory limit: 8GiB [default: 60 %, at most 8GiB]',
      },
      'dry-run': { group: MACHINE, type: 'boolean', default: false, describe: 'print the plan and stop' },
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
