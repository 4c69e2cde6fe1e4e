import { CLIENT_SOCKETS } from '../bridge/client.js'
import { BRIDGE_VERSIONS } from '../bridge/message.js'
import { SERVER_SOCKETS } from '../bridge/server.js'
import { WHEN_FULL } from '../bridge/train-queue.js'
import { FRAME_ORDERS } from '../engine/contract/module-arrays.js'
import { optionName } from '../engine/run/config.js'
import { GEOMETRY_OPTIONS } from './geometry-options.js'
import { numberOption, textOption } from './options.js'

/** An option of a group: with a text, a number, or one of some texts. */
export const textIn = (group: string, describe: string) => textOption(describe, group)
export const numberIn = (group: string, describe: string) => numberOption(describe, group)
export const choiceIn = <T extends string>(group: string, describe: string, choices: readonly T[]) => ({
  ...textOption(describe, group),
  choices,
})

/** What fields of a service's request are called on the command line. */
const OTHERWISE: Readonly<Record<string, string>> = { sources: 'source', badPixelsAs: 'bad-pixels' }
export const streamOptionNamed = (field: string): string => `--${OTHERWISE[field] ?? optionName(field)}`

/** Groups of options in the help. */
export const IN = 'Trains in:'
export const OUT = 'Corrected data out:'
export const TRAINS = 'Trains and frames:'
export const MACHINE = 'Resources:'

/** Where trains come from, besides `--source`. */
export const SOURCE_OPTIONS = {
  'source-socket': choiceIn(IN, 'how they are read [default: REQ]', CLIENT_SOCKETS),
  'source-axis-order': choiceIn(IN, 'of arrays whose shape does not tell it', FRAME_ORDERS),
  modules: textIn(IN, 'module numbers: 0,3,5-7 [default: all]'),
}

/** How corrected trains go out. */
export const OUTPUT_OPTIONS = {
  publish: {
    ...textIn(OUT, 'where corrected trains are served: tcp://HOST:PORT; may be repeated'),
    array: true,
    nargs: 1,
  },
  'publish-socket': choiceIn(OUT, 'how they are served [default: REP]', SERVER_SOCKETS),
  protocol: choiceIn(OUT, 'of the bridge [default: 2.2]', BRIDGE_VERSIONS),
  output: choiceIn(OUT, 'all modules in one array, an array each, or both [default: stacked]', [
    'stacked',
    'modules',
    'both',
  ]),
  'axis-order': choiceIn(
    OUT,
    'online: [modules][fast scan][slow scan][pulses]; file: [pulses][modules][slow scan][fast scan] [default: online]',
    FRAME_ORDERS,
  ),
  'when-full': choiceIn(
    OUT,
    'a train that nobody takes: wait for it, or drop the oldest or newest [default: drop-oldest]',
    WHEN_FULL,
  ),
}

/** Which trains go on. */
export const TRAIN_OPTIONS = {
  deadline: numberIn(
    TRAINS,
    'ms after its first module at which a train goes on without the others [default: 1000]',
  ),
  incomplete: choiceIn(TRAINS, 'what becomes of it: sent with NaN, or dropped [default: partial]', [
    'partial',
    'drop',
  ]),
  stride: numberIn(TRAINS, 'only trains whose id is a multiple of this [default: 1]'),
  pulses: textIn(TRAINS, 'slice over the frames of each train: A:B[:S]'),
}

/** What every service has. */
export const SERVICE_OPTIONS = {
  'curve-keys': textIn(
    MACHINE,
    'file of CurveZMQ keys, of detcal keys new: encrypts, and serves only clients that it names',
  ),
  http: textIn(
    MACHINE,
    'where the live page is served: HOST:PORT, or off [default: 127.0.0.1:8080, or a free port behind it]',
  ),
  geometry: { ...GEOMETRY_OPTIONS.geometry, group: MACHINE },
  'quad-positions': { ...GEOMETRY_OPTIONS['quad-positions'], group: MACHINE },
  json: { type: 'boolean', default: false, describe: 'log and summary as JSON lines' },
} as const
