import type { Argv } from 'yargs'
import { correctionsOf } from '../corrections/index.js'
import { DEFAULT_STEP_OPTIONS } from '../corrections/steps.js'
import { badPixelMapsOf, shortName } from '../detectors/bad-pixel-maps.js'
import { DETECTORS } from '../detectors/index.js'
import { type Config, readConfig } from '../engine/run/config.js'
import { type CorrectionRequest, PRESETS } from '../engine/run/request.js'
import { parsePairs } from './options.js'

/** Options that are part of the request under the same name. */
const REQUEST_OPTIONS = [
  ...(['detector', 'modules', 'sequences', 'trains', 'pulses'] as const),
  ...(['catalogue', 'constantsFrom', 'constantsRoot', 'at', 'strategy'] as const),
  ...(['gainMode', 'parallelGain', 'steps', 'badPixels', 'mgHardThreshold', 'hgHardThreshold'] as const),
  ...(['sigmaHigh', 'sigmaMedium', 'zeroNans', 'zeroOrange', 'combined'] as const),
] as const

const MACHINE_OPTIONS = [
  ...(['workers', 'memory', 'constantsCache', 'constantsCacheSize', 'overwrite', 'sync'] as const),
] as const

/** What the options say of the machine; absent: as it is by default. */
export type MachineArguments = Config['machine']

/** Options of `detcal correct` as yargs gives them; those that are not given are absent, which leaves them to `--config`. */
export interface CorrectOptions
  extends Pick<CorrectionRequest, 'run' | 'out' | (typeof REQUEST_OPTIONS)[number]>,
    MachineArguments {
  readonly condition?: readonly string[]
  readonly corr?: boolean
  readonly config?: string
  readonly dryRun: boolean
  readonly json: boolean
}

const DATA = 'Data:'
const CONSTANTS = 'Constants:'
const STEPS = 'Corrections:'
const OUTPUT = 'Output:'
const MACHINE = 'Resources:'

/** The options of `detcal correct`, in the groups that its help shows. */
export function correctOptions(yargs: Argv): Argv<CorrectOptions> {
  const { forceMgLimit, forceHgLimit, sigmaHigh, sigmaMedium } = DEFAULT_STEP_OPTIONS
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW run' })
    .options({
      detector: {
        group: DATA,
        type: 'string',
        describe: `${DETECTORS.map(d => d.id).join(', ')} or a Karabo name [default: the one in the run]`,
      },
      modules: { group: DATA, type: 'string', describe: 'module numbers: 0,3,5-7' },
      sequences: { group: DATA, type: 'string', describe: 'sequence numbers: 0-3,8' },
      trains: {
        group: DATA,
        type: 'string',
        describe: 'slice over the sorted train ids, A:B[:S], or id=A:B',
      },
      pulses: { group: DATA, type: 'string', describe: 'slice over the frames of each train: A:B[:S]' },
      catalogue: {
        group: CONSTANTS,
        type: 'string',
        requiresArg: true,
        describe: 'folder of the constants catalogue',
      },
      'constants-from': {
        group: CONSTANTS,
        type: 'string',
        requiresArg: true,
        describe:
          'those that an earlier correction used, by its calibration_metadata_<DET>.yml; no catalogue needed',
      },
      'constants-root': {
        group: CONSTANTS,
        type: 'string',
        requiresArg: true,
        describe: 'folder that relative paths in that file are below',
      },
      condition: {
        group: CONSTANTS,
        type: 'string',
        array: true,
        describe: 'operating condition: "Memory cells=352"',
      },
      at: { group: CONSTANTS, type: 'string', describe: 'time of the run (ISO 8601; UTC without a zone)' },
      strategy: {
        group: CONSTANTS,
        choices: ['closest', 'prior'],
        describe: 'which of several constants in time [default: closest]',
      },
      'gain-mode': {
        group: STEPS,
        choices: ['adaptive', 'high', 'medium', 'low'],
        describe: 'default: from control data, else adaptive',
      },
      'parallel-gain': {
        group: STEPS,
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      },
      config: {
        group: STEPS,
        type: 'string',
        requiresArg: true,
        describe: `YAML file of options, metadata file of a correction, or ${PRESETS.join(', ')}`,
      },
      steps: {
        group: STEPS,
        type: 'string',
        describe: `complete set of steps, by commas [default: ${defaultSteps()}]`,
      },
      'bad-pixels': {
        group: STEPS,
        type: 'string',
        requiresArg: true,
        describe: `bad-pixel maps that the mask is made of, by commas: ${mapNames()} [default: dark, ${MAPS_WITH_STEPS}]`,
      },
      'mg-hard-threshold': {
        group: STEPS,
        type: 'number',
        describe: `limit of force-mg-if-below, ADU [default: ${forceMgLimit}]`,
      },
      'hg-hard-threshold': {
        group: STEPS,
        type: 'number',
        describe: `limit of force-hg-if-below, ADU [default: ${forceHgLimit}]`,
      },
      'sigma-high': {
        group: STEPS,
        type: 'number',
        describe: `parallel gain: saturation limit of high gain, in noise sigmas below full scale [default: ${sigmaHigh}]`,
      },
      'sigma-medium': {
        group: STEPS,
        type: 'number',
        describe: `parallel gain: the same of medium gain [default: ${sigmaMedium}]`,
      },
      'zero-nans': {
        group: STEPS,
        type: 'boolean',
        describe: 'write 0 for values that are not finite',
      },
      'zero-orange': {
        group: STEPS,
        type: 'boolean',
        describe: 'write 0 for values beyond ±1e7',
      },
      out: { group: OUTPUT, type: 'string', demandOption: true, describe: 'folder for the CORR files' },
      combined: { group: OUTPUT, type: 'string', describe: 'one file of full detector frames: FILE.cxi' },
      corr: {
        group: OUTPUT,
        type: 'boolean',
        describe: 'CORR files [default: true; --no-corr: the combined file alone]',
      },
      overwrite: { group: OUTPUT, type: 'boolean', describe: 'replace files that are there' },
      sync: {
        group: OUTPUT,
        type: 'boolean',
        describe: 'flush files to disk [default: true; --no-sync: for scratch]',
      },
      workers: { group: MACHINE, type: 'number', describe: 'threads [default: cores]' },
      memory: {
        group: MACHINE,
        type: 'string',
        describe: 'memory to use at most: 8GiB [default: 60 %, at most 8GiB]',
      },
      'constants-cache': {
        group: MACHINE,
        type: 'string',
        requiresArg: true,
        describe: 'folder for constants ready for use, or off [default: $XDG_CACHE_HOME or /var/tmp]',
      },
      'constants-cache-size': {
        group: MACHINE,
        type: 'string',
        requiresArg: true,
        describe: 'its largest size: 50GiB [default: 16GiB]',
      },
      'dry-run': { group: MACHINE, type: 'boolean', default: false, describe: 'print the plan and stop' },
      json: { type: 'boolean', default: false, describe: 'print the result as JSON' },
    })
    .example('$0 correct raw/r0001 --out proc/r0001 --catalogue catalogue', 'all modules, default steps')
    .example(
      '$0 correct raw/r0001 --out proc/r0001 --catalogue c --modules 0-3 --trains :100',
      'a quick look',
    )
    .example(
      '$0 correct raw/r0001 --out again --constants-from proc/r0001/calibration_metadata_SPB_DET_AGIPD1M-1.yml',
      'once more, with the same constants',
    )
    .example(
      '$0 correct raw/r0002 --out proc/r0002 --config proc/r0001/calibration_metadata_SPB_DET_AGIPD1M-1.yml',
      'another run, with the same options and constants',
    )
    .example(
      '$0 correct raw/r0001 --out proc/r0001 --catalogue c --no-corr --combined run.cxi',
      'for CrystFEL',
    ) as unknown as Argv<CorrectOptions>
}

/** Each detector's default chain. */
function defaultSteps(): string {
  return DETECTORS.map(detector => `${detector.id} ${correctionsOf(detector).defaultSteps.join(',')}`).join(
    '; ',
  )
}

/** What comes beside the map of the darks unless `--bad-pixels` says otherwise. */
const MAPS_WITH_STEPS =
  'pc with relative-gain or adjust-mg-baseline, ff with xray-gain; LPD always both; with --constants-from those named there'

/** Each detector's bad-pixel maps. */
function mapNames(): string {
  return DETECTORS.map(
    detector => `${detector.id} ${badPixelMapsOf(detector).map(shortName).join(',')}`,
  ).join('; ')
}

/**
 * The request and the use of the machine that the options say; the command line wins over `--config`.
 * @throws UsageError
 */
export async function requestOf(
  args: CorrectOptions,
): Promise<{ readonly request: CorrectionRequest; readonly machine: MachineArguments }> {
  const { run, out, corr, condition = [] } = args
  const config: Config =
    args.config === undefined ? { request: {}, machine: {} } : await readConfig(args.config)
  const { preset, switches, constantsFrom, conditions, ...options } = config.request
  return {
    request: {
      ...options,
      // Named steps are the complete set, and a named catalogue is the only source.
      ...(args.steps === undefined && given({ preset, switches })),
      ...(args.catalogue === undefined && given({ constantsFrom })),
      ...given(args, REQUEST_OPTIONS),
      ...given({ corrected: corr }),
      conditions: { ...conditions, ...parsePairs(condition, '--condition') },
      ...{ run, out },
    },
    machine: { ...config.machine, ...given(args, MACHINE_OPTIONS) },
  }
}

/** Those of `names` that have a value. */
function given<T extends object, K extends keyof T>(
  options: T,
  names = Object.keys(options) as unknown as readonly K[],
): { [N in K]?: Exclude<T[N], undefined> } {
  return Object.fromEntries(
    names.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as { [N in K]?: Exclude<T[N], undefined> }
}
