import type { Argv } from 'yargs'
import { BAD_PIXELS, type BadPixelName, badPixelMask } from '../../constants/model/bad-pixels.js'
import { CLIENT_SOCKETS } from '../bridge/client.js'
import { BRIDGE_VERSIONS } from '../bridge/message.js'
import { SERVER_SOCKETS } from '../bridge/server.js'
import { WHEN_FULL } from '../bridge/train-queue.js'
import { FRAME_ORDERS } from '../engine/contract/module-arrays.js'
import { readConfig } from '../engine/run/config.js'
import { UsageError } from '../model/errors.js'
import { SERVE_OPTIONS, type ServeRequest } from '../online/request.js'
import { GEOMETRY_OPTIONS } from './geometry-options.js'
import { type MachineArguments, parsePairs } from './options.js'

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
  readonly http: string
  readonly geometry?: string
  readonly quadPositions?: string
  readonly json: boolean
}

const text = (group: string, describe: string) => ({ group, describe, type: 'string' }) as const
const number = (group: string, describe: string) => ({ group, describe, type: 'number' }) as const
const choice = <T extends string>(group: string, describe: string, choices: readonly T[]) => ({
  ...text(group, describe),
  choices,
})
const IN = 'Raw data in:'
const OUT = 'Corrected data out:'
const TRAINS = 'Trains and frames:'
const STEPS = 'Corrections:'
const CONSTANTS = 'Constants:'
const MACHINE = 'Resources:'

/** The options of `detcal serve`, in the groups that its help shows. */
export function serveOptions(yargs: Argv): Argv<ServeArguments> {
  return yargs
    .options({
      source: {
        ...text(IN, 'bridge that sends raw data: tcp://HOST:PORT; may be repeated'),
        array: true,
        nargs: 1,
        demandOption: true,
      },
      'source-socket': choice(IN, 'how they are read [default: REQ]', CLIENT_SOCKETS),
      'source-axis-order': choice(IN, 'of raw arrays whose shape does not tell it', FRAME_ORDERS),
      detector: text(IN, 'agipd1m, … or a Karabo name [default: the first that comes]'),
      modules: text(IN, 'module numbers: 0,3,5-7 [default: all]'),
      publish: {
        ...text(OUT, 'where corrected trains are served: tcp://HOST:PORT; may be repeated'),
        array: true,
        nargs: 1,
      },
      'publish-socket': choice(OUT, 'how they are served [default: REP]', SERVER_SOCKETS),
      protocol: choice(OUT, 'of the bridge [default: 2.2]', BRIDGE_VERSIONS),
      output: choice(OUT, 'all modules in one array, an array each, or both [default: stacked]', [
        'stacked',
        'modules',
        'both',
      ]),
      'axis-order': choice(
        OUT,
        'online: [modules][fast scan][slow scan][pulses]; file: [pulses][modules][slow scan][fast scan] [default: online]',
        FRAME_ORDERS,
      ),
      'bad-pixels': choice(
        OUT,
        'bad pixels become NaN, or masks and gain stages are sent along [default: nan]',
        ['nan', 'mask'],
      ),
      'nan-bits': text(
        OUT,
        'bits that make a pixel NaN, by commas: NO_DARK_DATA,VALUE_IS_NAN [default: all]',
      ),
      'when-full': choice(
        OUT,
        'a train that nobody takes: wait for it, or drop the oldest or newest [default: drop-oldest]',
        WHEN_FULL,
      ),
      deadline: number(
        TRAINS,
        'ms after its first module at which a train goes on without the others [default: 1000]',
      ),
      incomplete: choice(TRAINS, 'what becomes of it: sent with NaN, or dropped [default: partial]', [
        'partial',
        'drop',
      ]),
      stride: number(TRAINS, 'only trains whose id is a multiple of this [default: 1]'),
      pulses: text(TRAINS, 'slice over the frames of each train: A:B[:S]'),
      cells: text(TRAINS, 'only frames of these memory cells: 0-31,64'),
      'pulse-ids': text(TRAINS, 'only frames of these pulses: 0-400'),
      catalogue: text(CONSTANTS, 'folder of the constants catalogue'),
      'constants-from': text(CONSTANTS, 'those that a correction used: its calibration_metadata_<DET>.yml'),
      'constants-root': text(CONSTANTS, 'folder that relative paths in that file are below'),
      condition: {
        ...text(CONSTANTS, 'operating condition: "Memory cells=352"; may be repeated'),
        array: true,
        nargs: 1,
      },
      at: text(CONSTANTS, 'constants as of this time (ISO 8601) [default: the time of the train]'),
      strategy: choice(CONSTANTS, 'which of several constants in time [default: closest]', [
        'closest',
        'prior',
      ]),
      'gain-mode': choice(STEPS, '[default: adaptive]', ['adaptive', 'high', 'medium', 'low']),
      'parallel-gain': {
        group: STEPS,
        type: 'boolean',
        describe: 'LPD: a train holds its pulses once in each gain stage',
      },
      config: text(
        STEPS,
        'YAML file of options, metadata file of a correction, or a preset: as of detcal correct',
      ),
      steps: text(STEPS, 'complete set of steps, by commas; none: raw numbers as they are'),
      'mask-maps': text(STEPS, 'bad-pixel maps that masks are made of: --bad-pixels of detcal correct'),
      'mg-hard-threshold': number(STEPS, 'limit of force-mg-if-below, ADU'),
      'hg-hard-threshold': number(STEPS, 'limit of force-hg-if-below, ADU'),
      'in-flight': number(MACHINE, 'trains that are corrected at a time [default: 2]'),
      http: {
        ...text(MACHINE, 'where the live page is served: HOST:PORT, or off'),
        default: '127.0.0.1:8080',
      },
      geometry: { ...GEOMETRY_OPTIONS.geometry, group: MACHINE },
      'quad-positions': { ...GEOMETRY_OPTIONS['quad-positions'], group: MACHINE },
      workers: number(MACHINE, 'threads [default: cores]'),
      memory: text(MACHINE, 'memory to use at most: 8GiB [default: 60 %, at most 8GiB]'),
      'constants-cache': text(MACHINE, 'folder for constants ready for use, or off'),
      'constants-cache-size': text(MACHINE, 'its largest size: 50GiB [default: 16GiB]'),
      json: { type: 'boolean', default: false, describe: 'log and summary as JSON lines' },
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
