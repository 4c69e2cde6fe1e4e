import type { Argv } from 'yargs'
import { BAD_PIXELS, type BadPixelName, badPixelMask } from '../../constants/model/bad-pixels.js'
import { DEVICE_USES } from '../engine/contract/device.js'
import { readConfig } from '../engine/run/config.js'
import { UsageError } from '../model/errors.js'
import { SERVE_OPTIONS, type ServeRequest } from '../online/request.js'
import { type MachineArguments, parsePairs } from './options.js'
import {
  choiceIn,
  IN,
  MACHINE,
  numberIn,
  OUT,
  OUTPUT_OPTIONS,
  SERVICE_OPTIONS,
  SOURCE_OPTIONS,
  TRAIN_OPTIONS,
  TRAINS,
  textIn,
} from './stream-options.js'

/** Options of `detcal serve` as yargs gives them. */
export interface ServeArguments
  extends MachineArguments,
    Partial<Omit<ServeRequest, 'badPixels' | 'nanBits' | 'sources'>> {
  readonly source: readonly string[]
  readonly badPixels?: 'nan' | 'mask'
  readonly nanBits?: string
  readonly maskMaps?: string
  readonly condition?: readonly string[]
  readonly config?: string
  readonly http?: string
  readonly geometry?: string
  readonly quadPositions?: string
  readonly json: boolean
}

const STEPS = 'Corrections:'
const CONSTANTS = 'Constants:'

/** The options of `detcal serve`, in the groups that its help shows. */
export function serveOptions(yargs: Argv): Argv<ServeArguments> {
  return yargs
    .options({
      source: {
        ...textIn(IN, 'bridge that sends raw data: tcp://HOST:PORT; may be repeated'),
        array: true,
        nargs: 1,
        demandOption: true,
      },
      ...SOURCE_OPTIONS,
      detector: textIn(IN, 'agipd1m, … or a Karabo name [default: the first that comes]'),
      ...OUTPUT_OPTIONS,
      'bad-pixels': choiceIn(
        OUT,
        'bad pixels become NaN, or masks and gain stages are sent along [default: nan]',
        ['nan', 'mask'],
      ),
      'nan-bits': textIn(
        OUT,
        'bits that make a pixel NaN, by commas: NO_DARK_DATA,VALUE_IS_NAN [default: all]',
      ),
      ...TRAIN_OPTIONS,
      cells: textIn(TRAINS, 'only frames of these memory cells: 0-31,64'),
      'pulse-ids': textIn(TRAINS, 'only frames of these pulses: 0-400'),
      catalogue: textIn(CONSTANTS, 'folder of the constants catalogue'),
      'constants-from': textIn(CONSTANTS, 'those that a correction used: its calibration_metadata_<DET>.yml'),
      'constants-root': textIn(CONSTANTS, 'folder that relative paths in that file are below'),
      condition: {
        ...textIn(CONSTANTS, 'operating condition: "Memory cells=352"; may be repeated'),
        array: true,
        nargs: 1,
      },
      at: textIn(
        CONSTANTS,
        'constants as of this time (ISO 8601) [default: that of the first train of a run]',
      ),
      strategy: choiceIn(CONSTANTS, 'which of several constants in time [default: closest]', [
        'closest',
        'prior',
      ]),
      'gain-mode': choiceIn(STEPS, '[default: adaptive]', ['adaptive', 'high', 'medium', 'low']),
      'parallel-gain': {
        group: STEPS,
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage',
      },
      config: textIn(
        STEPS,
        'YAML file of options, metadata file of a correction, or a preset: as of detcal correct',
      ),
      steps: textIn(STEPS, 'complete set of steps, by commas; none: raw numbers as they are'),
      'mask-maps': textIn(STEPS, 'bad-pixel maps that masks are made of: --bad-pixels of detcal correct'),
      'mg-hard-threshold': numberIn(STEPS, 'limit of force-mg-if-below, ADU'),
      'hg-hard-threshold': numberIn(STEPS, 'limit of force-hg-if-below, ADU'),
      'in-flight': numberIn(MACHINE, 'trains that are corrected at a time [default: 2]'),
      workers: numberIn(MACHINE, 'threads [default: cores]'),
      device: choiceIn(
        MACHINE,
        'correct on a GPU too: gpu, or auto if there is one [default: cpu]',
        DEVICE_USES,
      ),
      memory: textIn(
        MACHINE,
        'memory for constants and trains being corrected: 8GiB; messages come on top [default: 60 %, at most 8GiB]',
      ),
      'constants-cache': textIn(MACHINE, 'folder for constants ready for use, or off'),
      'constants-cache-size': textIn(MACHINE, 'its largest size: 50GiB [default: 16GiB]'),
      ...SERVICE_OPTIONS,
    })
    .example(
      '$0 serve --source tcp://127.0.0.1:4545 --catalogue catalogue --publish tcp://127.0.0.1:4600',
      'corrects what a bridge sends, and serves it',
    )
    .example(
      '$0 serve --source tcp://10.0.0.7:4600 --source-socket SUB --modules 0-3 --catalogue c --publish tcp://127.0.0.1:4601 --publish-socket PUSH',
      'four modules of a detector',
    ) as unknown as Argv<ServeArguments>
}

/** The request that the options say; the command line wins over `--config`. @throws UsageError */
export async function serveRequestOf(args: ServeArguments): Promise<ServeRequest> {
  const config = args.config === undefined ? undefined : (await readConfig(args.config)).request
  const {
    run: _,
    out: __,
    combined: ___,
    corrected: ____,
    trains: _____,
    sequences: ______,
    ...shared
  } = config ?? {}
  const { badPixels, nanBits, maskMaps, source, condition = [] } = args
  const named = Object.fromEntries(
    SERVE_OPTIONS.flatMap(name => {
      const value = (args as unknown as Record<string, unknown>)[name]
      return name === 'badPixels' || name === 'nanBits' || value === undefined ? [] : [[name, value]]
    }),
  )
  return {
    ...shared,
    ...named,
    conditions: { ...shared.conditions, ...parsePairs(condition, '--condition') },
    ...(badPixels !== undefined && { badPixelsAs: badPixels }),
    ...(nanBits !== undefined && { nanBits: bitsOf(nanBits) }),
    ...(maskMaps !== undefined && { badPixels: maskMaps }),
    sources: source,
  } as ServeRequest
}

/** A mask of bits by their names. @throws UsageError */
function bitsOf(names: string): number {
  return names.split(',').reduce((mask, part) => {
    const name = part.trim().toUpperCase()
    if (Object.hasOwn(BAD_PIXELS, name)) return (mask | badPixelMask(name as BadPixelName)) >>> 0
    throw new UsageError(`--nan-bits: no bad-pixel bit is called ${part.trim()}`, {
      hint: `Use some of ${Object.keys(BAD_PIXELS).join(', ')}`,
    })
  }, 0)
}
