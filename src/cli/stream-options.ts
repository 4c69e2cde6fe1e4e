import { CLIENT_SOCKETS } from '../bridge/client.js'
import { BRIDGE_VERSIONS } from '../bridge/message.js'
import { SERVER_SOCKETS } from '../bridge/server.js'
import { WHEN_FULL } from '../bridge/train-queue.js'
import { FRAME_ORDERS } from '../engine/contract/module-arrays.js'

export const textOption = (group: string, describe: string) => ({ group, describe, type: 'string' }) as const
export const numberOption = (group: string, describe: string) =>
  ({ group, describe, type: 'number' }) as const
export const choiceOption = <T extends string>(group: string, describe: string, choices: readonly T[]) => ({
  ...textOption(group, describe),
  choices,
})

/** Groups of options in the help. */
export const IN = 'Trains in:'
export const OUT = 'Corrected data out:'
export const TRAINS = 'Trains and frames:'
export const MACHINE = 'Resources:'

/** Where trains come from, besides `--source`. */
export const SOURCE_OPTIONS = {
  'source-socket': choiceOption(IN, 'how they are read [default: REQ]', CLIENT_SOCKETS),
  'source-axis-order': choiceOption(IN, 'of arrays whose shape does not tell it', FRAME_ORDERS),
  modules: textOption(IN, 'module numbers: 0,3,5-7 [default: all]'),
}

/** How corrected trains go out. */
export const OUTPUT_OPTIONS = {
  publish: {
    ...textOption(OUT, 'where corrected trains are served: tcp://HOST:PORT; may be repeated'),
    array: true,
    nargs: 1,
  },
  'publish-socket': choiceOption(OUT, 'how they are served [default: REP]', SERVER_SOCKETS),
  protocol: choiceOption(OUT, 'of the bridge [default: 2.2]', BRIDGE_VERSIONS),
  output: choiceOption(OUT, 'all modules in one array, an array each, or both [default: stacked]', [
    'stacked',
    'modules',
    'both',
  ]),
  'axis-order': choiceOption(
    OUT,
    'online: [modules][fast scan][slow scan][pulses]; file: [pulses][modules][slow scan][fast scan] [default: online]',
    FRAME_ORDERS,
  ),
  'when-full': choiceOption(
    OUT,
    'a train that nobody takes: wait for it, or drop the oldest or newest [default: drop-oldest]',
    WHEN_FULL,
  ),
}

/** Which trains go on. */
export const TRAIN_OPTIONS = {
  deadline: numberOption(
    TRAINS,
    'ms after its first module at which a train goes on without the others [default: 1000]',
  ),
  incomplete: choiceOption(TRAINS, 'what becomes of it: sent with NaN, or dropped [default: partial]', [
    'partial',
    'drop',
  ]),
  stride: numberOption(TRAINS, 'only trains whose id is a multiple of this [default: 1]'),
  pulses: textOption(TRAINS, 'slice over the frames of each train: A:B[:S]'),
}

/** What every service has. */
export const SERVICE_OPTIONS = {
  'curve-keys': textOption(
    MACHINE,
    'file of CurveZMQ keys, of detcal keys new: encrypts, and serves only clients that it names',
  ),
  http: {
    ...textOption(MACHINE, 'where the live page is served: HOST:PORT, or off'),
    default: '127.0.0.1:8080',
  },
  json: { type: 'boolean', default: false, describe: 'log and summary as JSON lines' },
} as const
