import './compile-late.js'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { buildVersion } from '../files/version.js'
import { UsageError } from '../model/errors.js'
import { type ArgumentTypes, checkArguments, usageMessage, withSlices } from './arguments.js'
import { commandsFor } from './commands/index.js'
import { endWith, failureOf } from './exit.js'
import { noteOptions } from './fitting-advice.js'
import { outliveStandardStreams } from './standard-streams.js'

outliveStandardStreams()

const args = withSlices(hideBin(process.argv))
let parser = yargs(args)
  .scriptName('detcal')
  .usage('$0 <command>\n\nCalibrates the data of X-ray FEL megapixel detectors.')
  // Computed only on request: it reads all of the code.
  .version(args.includes('--version') ? buildVersion() : '')
  .demandCommand(1, 'name a command')
  .recommendCommands()
  .strict()
  .help()
  .alias('help', 'h')
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .exitProcess(false)
  // Its types declare only aliases, but it returns every option.
  .check((args, types) => {
    noteOptions(Object.keys((types as unknown as ArgumentTypes).key))
    return checkArguments(args, types as unknown as ArgumentTypes)
  })
  .fail((message, error) => {
    // yargs' own errors are about usage, and so are messages without an error.
    if (error && error.name !== 'YError') throw error
    throw new UsageError(usageMessage(error?.message ?? message), {
      hint: 'See detcal --help, or detcal <command> --help',
    })
  })
for (const command of await commandsFor(args[0])) parser = parser.command(command)

try {
  await parser.parseAsync()
} catch (error) {
  endWith(failureOf(error))
}
