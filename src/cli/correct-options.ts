import type { Argv } from 'yargs'
import { DEFAULT_STEP_OPTIONS } from '../corrections/steps.js'
import { badPixelMapsOf, shortName } from '../detectors/bad-pixel-maps.js'
import { DEVICE_USES } from '../engine/contract/device.js'
import { type Config, MACHINE_OPTIONS, readConfig } from '../engine/run/config.js'
import { type CorrectionRequest, REQUEST_OPTIONS } from '../engine/run/request.js'
import { DETECTORS, KITS } from '../kits/index.js'
import { given } from '../model/given.js'
import { LITFRAME_MODES } from '../sources/run/lit-frames.js'
import { flagOption, type MachineArguments, numberOption, parsePairs, textOption } from './options.js'
import { presetText } from './preset-text.js'

/** Options of `detcal correct` as yargs gives them; those that are not given are absent, which leaves them to `--config`. */
export interface CorrectOptions extends CorrectionRequest, MachineArguments {
  readonly condition?: readonly string[]
  readonly corr?: boolean
  readonly config?: string
  readonly report?: string
  readonly resume: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

const METADATA = 'calibration_metadata_<DET>.yml'
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
  const config = `YAML file of options, metadata file of a correction, or ${presetText()}`
  const maps = `bad-pixel maps that the mask is made of, by commas: ${mapNames()} [default: dark, ${MAPS_WITH_STEPS}]`
  const high = 'parallel gain: saturation limit of high gain, in noise sigmas below full scale'
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW run' })
    .options({
      detector: textOption(`${detectors} or a Karabo name [default: the one in the run]`, DATA),
      modules: textOption('module numbers: 0,3,5-7', DATA),
      sequences: textOption('sequence numbers: 0-3,8', DATA),
      trains: textOption('slice over the sorted train ids, A:B[:S], or id=A:B', DATA),
      pulses: textOption('slice over the frames of each train: A:B[:S]', DATA),
      cells: textOption('memory cells: 0-63,128', DATA),
      'pulse-ids': textOption('pulse ids: 0-400,512', DATA),
      litframe: {
        ...textOption(
          'lit frames only, as a LitFrameFinder says (device) or of trains above the energy threshold (energy) [default: off]',
          DATA,
        ),
        choices: LITFRAME_MODES,
      },
      'litframe-source': textOption(
        'the LitFrameFinder, or the gas monitor, where the run has several',
        DATA,
      ),
      'energy-threshold': numberOption('energy above which a frame, or a train, is lit, µJ', DATA),
      catalogue: textOption('folder of the constants catalogue', CONSTANTS),
      'constants-from': textOption(
        `those that an earlier correction used: its ${METADATA}; no catalogue needed`,
        CONSTANTS,
      ),
      'constants-root': textOption('folder that relative paths in that file are below', CONSTANTS),
      condition: { ...textOption('operating condition: "Memory cells=352"', CONSTANTS), array: true },
      at: textOption('time of the run (ISO 8601; UTC without a zone)', CONSTANTS),
      strategy: {
        ...textOption('which of several constants in time [default: closest]', CONSTANTS),
        choices: ['closest', 'prior'],
      },
      'gain-mode': {
        ...textOption('default: from control data, else adaptive', STEPS),
        choices: ['adaptive', 'high', 'medium', 'low'],
      },
      'parallel-gain': flag(
        STEPS,
        'LPD: a train holds its pulses once in each gain stage [default: from control data]',
      ),
      config: textOption(config, STEPS),
      steps: textOption(`complete set of steps, by commas [default: ${defaultSteps()}]`, STEPS),
      'bad-pixels': textOption(maps, STEPS),
      'mg-hard-threshold': numberOption(`limit of force-mg-if-below, ADU [default: ${forceMgLimit}]`, STEPS),
      'hg-hard-threshold': numberOption(`limit of force-hg-if-below, ADU [default: ${forceHgLimit}]`, STEPS),
      'sigma-high': numberOption(`${high} [default: ${sigmaHigh}]`, STEPS),
      'sigma-medium': numberOption(`parallel gain: the same of medium gain [default: ${sigmaMedium}]`, STEPS),
      'zero-nans': flag(STEPS, 'write 0 for values that are not finite'),
      'zero-orange': flag(STEPS, 'write 0 for values beyond ±1e7'),
      out: { ...textOption('folder for the CORR files', OUTPUT), demandOption: true },
      combined: textOption('one file of full detector frames: FILE.cxi', OUTPUT),
      corr: flag(OUTPUT, 'CORR files [default: true; --no-corr: the combined file alone]'),
      litpx: numberOption(
        'count lit pixels of each module frame: above this value, in units of the data, and not masked',
        OUTPUT,
      ),
      sparse: {
        ...textOption(
          "lists of pixels that are not zero or depart from their cell's mask: beside the frames, or only these [default: off]",
          OUTPUT,
        ),
        choices: ['off', 'beside', 'only'],
      },
      'pulse-energies': flag(OUTPUT, 'energy and gas-monitor index of each frame, by a LitFrameFinder'),
      report: textOption('HTML report of the corrected run: FILE.html', OUTPUT),
      overwrite: flag(OUTPUT, 'replace files that are there'),
      resume: flagOption('keep files that an earlier attempt at the same correction has finished', OUTPUT),
      sync: flag(OUTPUT, 'flush files to disk [default: true; --no-sync: for scratch]'),
      workers: numberOption('threads [default: cores]', MACHINE),
      device: {
        ...textOption('correct on a GPU too: gpu, or auto if there is one [default: cpu]', MACHINE),
        choices: DEVICE_USES,
      },
      memory: textOption('memory to use at most: 8GiB [default: 60 %, at most 8GiB]', MACHINE),
      'constants-cache': textOption(
        'folder for constants ready for use, or off [default: $XDG_CACHE_HOME or /var/tmp]',
        MACHINE,
      ),
      'constants-cache-size': textOption('its largest size: 50GiB [default: 16GiB]', MACHINE),
      'dry-run': flagOption('print the plan and stop', MACHINE),
      json: flagOption('print the result as JSON'),
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
