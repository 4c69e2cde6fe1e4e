import type { CommandModule } from 'yargs'
import { constantsCommand } from './constants.js'
import { correctCommand } from './correct.js'
import { darkCommand } from './dark.js'
import { inspectCommand } from './inspect.js'
import { simulateCommand } from './simulate.js'
import { validateCommand } from './validate.js'

/** Every command, in the order of a user's day. */
export const COMMANDS: readonly CommandModule<object, never>[] = [
  simulateCommand as CommandModule<object, never>,
  darkCommand as CommandModule<object, never>,
  correctCommand as CommandModule<object, never>,
  inspectCommand as CommandModule<object, never>,
  validateCommand as CommandModule<object, never>,
  constantsCommand as CommandModule<object, never>,
]
