import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Argv } from 'yargs'
import type { Strategy } from '../../constants/catalogue/select.js'
import type { Corrections } from '../corrections/chain.js'
import { DEFAULT_STEP_OPTIONS, type StepOptions } from '../corrections/steps.js'
import { badPixelMapsOf, shortName } from '../detectors/bad-pixel-maps.js'
import type { Detector } from '../detectors/detector.js'
import { DETECTORS, KITS } from '../kits/index.js'
import { UsageError } from '../model/errors.js'
import { parseModules, parseRanges, parseSlice, parseTrains, type Selection } from '../sources/run/query.js'

/** Options of `detcal correct` as yargs gives them. */
export interface CorrectOptions {
  readonly run: string
  readonly out: string
  readonly catalogue: string | undefined
  readonly constantsFrom: string | undefined
  readonly constantsRoot: string | undefined
  readonly detector: string
  readonly modules: string | undefined
  readonly sequences: string | undefined
  readonly trains: string | undefined
  readonly pulses: string | undefined
  readonly gainMode: string | undefined
  readonly parallelGain: boolean | undefined
  readonly condition: readonly string[]
  readonly at: string | undefined
  readonly strategy: Strategy
  readonly config: string | undefined
  readonly steps: string | undefined
  readonly badPixels: string | undefined
  readonly mgHardThreshold: number
  readonly hgHardThreshold: number
  readonly sigmaHigh: number
  readonly sigmaMedium: number
  readonly zeroNans: boolean
  readonly zeroOrange: boolean
  readonly combined: string | undefined
  readonly corr: boolean
  readonly workers: number | undefined
  readonly memory: string | undefined
  readonly constantsCache: string | undefined
  readonly constantsCacheSize: string | undefined
  readonly overwrite: boolean
  readonly sync: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

const DATA = 'What to correct:'
const CONSTANTS = 'With which constants:'
const STEPS = 'How:'
const OUTPUT = 'Into what:'
const MACHINE = 'With what:'

/** The options of `detcal correct`, in the groups that its help shows. */
export function correctOptions(yargs: Argv): Argv<CorrectOptions> {
  const { forceMgLimit, forceHgLimit, sigmaHigh, sigmaMedium } = DEFAULT_STEP_OPTIONS
  return yargs
    .positional('run', { type: 'string', demandOption: true, describe: 'folder of the RAW run' })
    .options({
      detector: {
        group: DATA,
        type: 'string',
        default: 'auto',
        describe: `${DETECTORS.map(d => d.id).join(', ')} or a Karabo name`,
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
          'exactly those that an earlier correction used: its calibration_metadata_<DET>.yml; no catalogue',
      },
      'constants-root': {
        group: CONSTANTS,
        type: 'string',
        requiresArg: true,
        describe: 'what paths in that file are below, where they are relative',
      },
      condition: {
        group: CONSTANTS,
        type: 'string',
        array: true,
        default: [],
        describe: 'operating condition: "Memory cells=352"',
      },
      at: { group: CONSTANTS, type: 'string', describe: 'time of the run (ISO 8601; UTC without a zone)' },
      strategy: {
        group: CONSTANTS,
        choices: ['closest', 'prior'],
        default: 'closest',
        describe: 'which of several constants in time',
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
        default: forceMgLimit,
        describe: 'limit of force-mg-if-below, ADU',
      },
      'hg-hard-threshold': {
        group: STEPS,
        type: 'number',
        default: forceHgLimit,
        describe: 'limit of force-hg-if-below, ADU',
      },
      'sigma-high': {
        group: STEPS,
        type: 'number',
        default: sigmaHigh,
        describe: 'parallel gain: sigmas below the end of scale that the high stage ends at',
      },
      'sigma-medium': {
        group: STEPS,
        type: 'number',
        default: sigmaMedium,
        describe: 'parallel gain: likewise the medium stage',
      },
      'zero-nans': {
        group: STEPS,
        type: 'boolean',
        default: false,
        describe: 'write 0 for values that are not finite',
      },
      'zero-orange': {
        group: STEPS,
        type: 'boolean',
        default: false,
        describe: 'write 0 for values beyond ±1e7',
      },
      out: { group: OUTPUT, type: 'string', demandOption: true, describe: 'folder for the CORR files' },
      combined: { group: OUTPUT, type: 'string', describe: 'one file of full detector frames: FILE.cxi' },
      corr: {
        group: OUTPUT,
        type: 'boolean',
        default: true,
        describe: 'CORR files (--no-corr: the combined file alone)',
      },
      overwrite: { group: OUTPUT, type: 'boolean', default: false, describe: 'replace files that are there' },
      sync: {
        group: OUTPUT,
        type: 'boolean',
        default: true,
        describe: 'flush files to disk (--no-sync: for scratch)',
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
        describe: 'folder for constants ready to be used, or off [default: $XDG_CACHE_HOME or /var/tmp]',
      },
      'constants-cache-size': {
        group: MACHINE,
        type: 'string',
        requiresArg: true,
        describe: 'what it may take at most: 50GiB [default: 16GiB]',
      },
      'dry-run': { group: MACHINE, type: 'boolean', default: false, describe: 'print the plan and stop' },
      json: { type: 'boolean', default: false, describe: 'print the result as JSON' },
    })
    .config('config', 'YAML file of options, or production: the chain of the facility', readConfig)
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

/** Options that are text even where YAML would read a number or a list. */
const TEXT = ['modules', 'sequences', 'trains', 'pulses', 'steps', 'bad-pixels', 'memory', 'at']

/**
 * `production` is the facility's chain; else a YAML file whose keys are option names. yargs hands over the path made
 * absolute, and passes on of an error only its message.
 * @throws UsageError
 */
function readConfig(path: string): Record<string, unknown> {
  if (path === resolve('production')) return { steps: PRODUCTION }
  let value: unknown
  try {
    // yargs wants an answer at once, and few runs need the parser, which is slow to load.
    const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
    value = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const [reason] = (error as Error).message.split(/,|:?\n/)
    throw new UsageError(`--config ${path} cannot be read: ${reason}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`--config ${path} is no table of options: write one a line, such as "modules: 0-3"`)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => [
      name,
      TEXT.includes(name) ? [item].flat().join(',') : item,
    ]),
  )
}

/** The selection that the options name. @throws UsageError */
export function selectionOf(args: CorrectOptions, detector: Detector): Selection {
  const { modules, sequences, trains, pulses } = args
  return {
    ...(modules === undefined ? {} : { modules: parseModules(modules, detector) }),
    ...(sequences === undefined ? {} : { sequences: parseRanges(sequences, '--sequences') }),
    ...(trains === undefined ? {} : { trains: parseTrains(trains) }),
    ...(pulses === undefined ? {} : { pulses: parseSlice(pulses, '--pulses') }),
  }
}

/** Stands for the steps that the facility takes by default, which only the detector tells. */
const PRODUCTION = 'production'

/** Names of the steps asked for. @throws UsageError for an empty list. */
export function stepsOf({ steps }: CorrectOptions, corrections: Corrections): readonly string[] {
  if (steps === undefined) return corrections.defaultSteps
  if (steps === PRODUCTION) return corrections.productionSteps
  const names = steps.split(',').map(name => name.trim())
  if (names.every(name => name === ''))
    throw new UsageError('--steps is empty', { hint: `Use some of ${corrections.defaultSteps.join(', ')}` })
  return names.filter(name => name !== '')
}

/**
 * The bad-pixel maps that `--bad-pixels` names, by calibration, in the detector's order; undefined without it.
 * @throws UsageError for a map that the detector has not, and where no mask is made.
 */
export function askedMaps(
  { badPixels }: CorrectOptions,
  detector: Detector,
  steps: readonly string[],
): readonly string[] | undefined {
  if (badPixels === undefined) return undefined
  const known = badPixelMapsOf(detector)
  const hint = `Use some of ${known.map(shortName).join(', ')}`
  const names = badPixels
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
  if (names.length === 0)
    throw new UsageError('--bad-pixels is empty', { hint: `${hint}, or leave mask out of --steps` })
  for (const name of names)
    if (!known.some(map => shortName(map) === name))
      throw new UsageError(`${detector.name} has no bad-pixel map ${JSON.stringify(name)}`, { hint })
  if (!steps.includes('mask'))
    throw new UsageError('--bad-pixels says nothing without the step mask', { hint: 'Add mask to --steps' })
  return known.filter(map => names.includes(shortName(map)))
}

export function stepOptionsOf({
  mgHardThreshold,
  hgHardThreshold,
  sigmaHigh,
  sigmaMedium,
  zeroNans,
  zeroOrange,
}: CorrectOptions): StepOptions {
  return {
    forceMgLimit: mgHardThreshold,
    forceHgLimit: hgHardThreshold,
    sigmaHigh,
    sigmaMedium,
    zeroNans,
    zeroOrange,
  }
}
