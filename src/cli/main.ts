#!/usr/bin/env node
import './compile-late.js'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { UsageError } from '../model/errors.js'
import { type ArgumentTypes, checkArguments, usageMessage } from './arguments.js'
import { Chosen, chosenBy, commandsFor, startLoading } from './commands/index.js'
import { endWith, failureOf } from './exit.js'
import { buildVersion } from './version.js'

// A reader that has seen enough (`detcal inspect | head`) is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  })

const args = hideBin(process.argv)
let parser = yargs(args)
  .scriptName('detcal')
  .usage('$0 <command>\n\nCalibrates the data of X-ray FEL megapixel detectors.')
  // Made only for who asks: all of the code is read for it.
  .version(args.includes('--version') ? buildVersion() : '')
  .demandCommand(1, 'name a command')
  .recommendCommands()
  .strict()
  .help()
  .alias('help', 'h')
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .exitProcess(false)
  // Its types say aliases, it gives all it knows.
  .check((args, types) => checkArguments(args, types as unknown as ArgumentTypes))
  .fail((message, error) => {
    // yargs' own errors are about usage, and so are messages without an error.
    if (error && error.name !== 'YError') throw error
    throw new UsageError(usageMessage(error?.message ?? message), {
      hint: 'See detcal --help, or detcal <command> --help',
    })
  })
const [name] = args
startLoading(name)
for (const command of await commandsFor(name)) parser = parser.command(chosenBy(command))

try {
  await parser.parseAsync()
} catch (thrown) {
  try {
    if (!(thrown instanceof Chosen)) throw thrown
    await thrown.run()
  } catch (error) {
    endWith(failureOf(error))
  }
}
