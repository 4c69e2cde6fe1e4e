import type { Argv } from 'yargs'
import { type DarkLimits, parseBounds, requireSigma } from '../../constants/dark/limits.js'
import type { DarkRecipe } from '../../constants/dark/recipe.js'
import type { Detector } from '../detectors/detector.js'
import { DETECTORS } from '../kits/index.js'
import { parseModules, parseTrains, type Selection } from '../sources/run/query.js'

/** Options of `detcal dark` as yargs gives them. */
export interface DarkArguments {
  readonly high: string | undefined
  readonly medium: string | undefined
  readonly low: string | undefined
  readonly run: string | undefined
  readonly parallelGain: boolean | undefined
  readonly catalogue: string
  readonly detector: string
  readonly modules: string | undefined
  readonly trains: string | undefined
  readonly condition: readonly string[]
  readonly beginAt: string | undefined
  readonly offsetSigma: number | undefined
  readonly offsetHard: string | undefined
  readonly noiseSigma: number | undefined
  readonly noiseHard: string | undefined
  readonly gainSeparation: number | undefined
  readonly report: string | undefined
  readonly json: boolean
  readonly workers: number | undefined
  readonly memory: string | undefined
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

/** The limits: the detector's own, unless the options change them. @throws UsageError */
export function limitsOf(args: DarkArguments, { limits, stages }: DarkRecipe): DarkLimits {
  const { offsetSigma, offsetHard, noiseSigma, noiseHard, gainSeparation } = args
  const sigma = (value: number | undefined, option: string, otherwise: number) =>
    value === undefined ? otherwise : requireSigma(value, option)
  const hard = (value: string | undefined, option: string) =>
    value === undefined ? undefined : parseBounds(value, stages.length, option)
  return {
    offsetSigma: sigma(offsetSigma, '--offset-sigma', limits.offsetSigma),
    offsetHard: hard(offsetHard, '--offset-hard') ?? limits.offsetHard,
    noiseSigma: sigma(noiseSigma, '--noise-sigma', limits.noiseSigma),
    noiseHard: hard(noiseHard, '--noise-hard') ?? limits.noiseHard,
    gainSeparation: sigma(gainSeparation, '--gain-separation', limits.gainSeparation),
  }
}

/** The part of the runs that the options select. @throws UsageError */
export function darkSelection({ modules, trains }: DarkArguments, detector: Detector): Selection {
  return {
    ...(modules === undefined ? {} : { modules: parseModules(modules, detector) }),
    ...(trains === undefined ? {} : { trains: parseTrains(trains) }),
  }
}
