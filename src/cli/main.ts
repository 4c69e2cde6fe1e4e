#!/usr/bin/env node
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { UsageError } from '../model/errors.js'
import { commandsFor } from './commands/index.js'
import { endWith, failureOf } from './exit.js'
import { VERSION } from './version.js'

// A reader that has seen enough (`detcal inspect | head`) is no error.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
})

/** Options and arguments that may be given several times. */
const LISTS = ['condition', 'skip', 'files', 'suites']

let parser = yargs(hideBin(process.argv))
  .scriptName('detcal')
  .usage('$0 <command>\n\nCalibrates the data of X-ray FEL megapixel detectors.')
  .version(VERSION)
  .demandCommand(1, 'name a command')
  .recommendCommands()
  .strict()
  .help()
  .alias('help', 'h')
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new UsageError(message, { hint: 'See detcal --help, or detcal <command> --help' })
  })
// `--out a --out b` comes as a list: which of them was meant?
parser = parser.check(given => {
  const lists: readonly string[] = ['_', ...LISTS]
  const twice = Object.entries(given).find(([name, value]) => Array.isArray(value) && !lists.includes(name))
  if (twice)
    throw new UsageError(`--${twice[0]} is given ${(twice[1] as unknown[]).length} times`, {
      hint: 'Give it once',
    })
  return true
})
for (const command of await commandsFor(process.argv[2])) parser = parser.command(command)

try {
  await parser.parseAsync()
} catch (error) {
  endWith(failureOf(error))
}
