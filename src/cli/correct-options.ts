import type { Argv } from 'yargs'
import { DEFAULT_STEP_OPTIONS } from '../corrections/steps.js'
import { badPixelMapsOf, shortName } from '../detectors/bad-pixel-maps.js'
import { type Config, MACHINE_OPTIONS, readConfig } from '../engine/run/config.js'
import { type CorrectionRequest, PRESETS, REQUEST_OPTIONS } from '../engine/run/request.js'
import { DETECTORS, KITS } from '../kits/index.js'
import { given, type MachineArguments, parsePairs } from './options.js'

/** Options of `detcal correct` as yargs gives them; those that are not given are absent, which leaves them to `--config`. */
export interface CorrectOptions extends CorrectionRequest, MachineArguments {
  readonly condition?: readonly string[]
  readonly corr?: boolean
  readonly config?: string
  readonly dryRun: boolean
  readonly json: boolean
}

const METADATA = 'calibration_metadata_<DET>.yml'
const text = (group: string, describe: string) => ({ group, describe, type: 'string' }) as const
const number = (group: string, describe: string) => ({ group, describe, type: 'number' }) as const
const flag = (group: string, describe: string) => ({ group, describe, type: 'boolean' }) as const
const DATA = 'Data:'
const CONSTANTS = 'Constants:'
const STEPS = 'Corrections:'
const OUTPUT = 'Output:'
const MACHINE = 'Resources:'

/** The options of `detcal correct`, in the groups that its help shows. */
export function correctOptions(yargs: Argv): Argv<CorrectOptions> {
  const { forceMgLimit, forceHgLimit, sigmaHigh, sigmaMedium } = DEFAULT_STEP_OPTIONS
  const detectors = DETECTORS.map(({ id }) => id).join(', ')
  const config = `YAML file of options, metadata file of a correction, or ${PRESETS.join(', ')}`
  const maps = `bad-pixel maps that the mask is made of, by commas: ${mapNames()} [default: dark, ${MAPS_WITH_STEPS}]`
  const high = 'parallel gain: saturation limit of high gain, in noise sigmas below full scale'
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW run' })
    .options({
      detector: text(DATA, `${detectors} or a Karabo name [default: the one in the run]`),
      modules: text(DATA, 'module numbers: 0,3,5-7'),
      sequences: text(DATA, 'sequence numbers: 0-3,8'),
      trains: text(DATA, 'slice over the sorted train ids, A:B[:S], or id=A:B'),
      pulses: text(DATA, 'slice over the frames of each train: A:B[:S]'),
      catalogue: text(CONSTANTS, 'folder of the constants catalogue'),
      'constants-from': text(
        CONSTANTS,
        `those that an earlier correction used: its ${METADATA}; no catalogue needed`,
      ),
      'constants-root': text(CONSTANTS, 'folder that relative paths in that file are below'),
      condition: { ...text(CONSTANTS, 'operating condition: "Memory cells=352"'), array: true },
      at: text(CONSTANTS, 'time of the run (ISO 8601; UTC without a zone)'),
      strategy: {
        ...text(CONSTANTS, 'which of several constants in time [default: closest]'),
        choices: ['closest', 'prior'],
      },
      'gain-mode': {
        ...text(STEPS, 'default: from control data, else adaptive'),
        choices: ['adaptive', 'high', 'medium', 'low'],
      },
      'parallel-gain': flag(
        STEPS,
        'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      ),
      config: text(STEPS, config),
      steps: text(STEPS, `complete set of steps, by commas [default: ${defaultSteps()}]`),
      'bad-pixels': text(STEPS, maps),
      'mg-hard-threshold': number(STEPS, `limit of force-mg-if-below, ADU [default: ${forceMgLimit}]`),
      'hg-hard-threshold': number(STEPS, `limit of force-hg-if-below, ADU [default: ${forceHgLimit}]`),
      'sigma-high': number(STEPS, `${high} [default: ${sigmaHigh}]`),
      'sigma-medium': number(STEPS, `parallel gain: the same of medium gain [default: ${sigmaMedium}]`),
      'zero-nans': flag(STEPS, 'write 0 for values that are not finite'),
      'zero-orange': flag(STEPS, 'write 0 for values beyond ±1e7'),
      out: { ...text(OUTPUT, 'folder for the CORR files'), demandOption: true },
      combined: text(OUTPUT, 'one file of full detector frames: FILE.cxi'),
      corr: flag(OUTPUT, 'CORR files [default: true; --no-corr: the combined file alone]'),
      overwrite: flag(OUTPUT, 'replace files that are there'),
      sync: flag(OUTPUT, 'flush files to disk [default: true; --no-sync: for scratch]'),
      workers: number(MACHINE, 'threads [default: cores]'),
      memory: text(MACHINE, 'memory to use at most: 8GiB [default: 60 %, at most 8GiB]'),
      'constants-cache': text(
        MACHINE,
        'folder for constants ready for use, or off [default: $XDG_CACHE_HOME or /var/tmp]',
      ),
      'constants-cache-size': text(MACHINE, 'its largest size: 50GiB [default: 16GiB]'),
      'dry-run': { ...flag(MACHINE, 'print the plan and stop'), default: false },
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
  return KITS.map(({ detector, corrections }) => `${detector.id} ${corrections.defaultSteps.join(',')}`).join(
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
      ...given({ corrected: corr }),
      ...given(args, REQUEST_OPTIONS),
      conditions: { ...conditions, ...parsePairs(condition, '--condition') },
      ...{ run, out },
    },
    machine: { ...config.machine, ...given(args, MACHINE_OPTIONS) },
  }
}
