import { resolve } from 'node:path'
import type { Argv, CommandModule } from 'yargs'
import { writeCurveKeys } from '../../bridge/curve-keys.js'
import { printJson } from '../output.js'

interface NewKeysArguments {
  file: string
  json: boolean
}

const newKeysCommand: CommandModule<object, NewKeysArguments> = {
  command: 'new <file>',
  describe: 'make a pair of keys; prints the public one',
  builder: (yargs: Argv) =>
    yargs
      .positional('file', {
        type: 'string',
        demandOption: true,
        describe: 'where they go; only you may read it',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print the result as JSON' })
      .example(
        '$0 keys new ~/detcal-keys.yml',
        'keys for --curve-keys; add to it those of servers and clients',
      ),
  handler: async ({ file, json }) => {
    const publicKey = writeCurveKeys(resolve(file))
    if (json) printJson({ file: resolve(file), publicKey })
    else process.stdout.write(`${publicKey}\n`)
  },
}

/** `detcal keys`: CurveZMQ keys of serve and combine. */
export const keysCommand: CommandModule = {
  command: 'keys',
  describe: 'keys with which serve and combine encrypt, and know each other',
  builder: (yargs: Argv) => yargs.command(newKeysCommand).demandCommand(1, 'name what to do with keys: new'),
  // Never reached: demandCommand refuses a command without an action.
  handler: () => {},
}
