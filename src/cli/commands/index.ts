import type { CommandModule } from 'yargs'
import { benchCommand } from './bench.js'
import { correctCommand } from './correct.js'
import { simulateCommand } from './simulate.js'

/** Every command, in the order of a user's day. */
export const COMMANDS: readonly CommandModule<object, never>[] = [
  simulateCommand as CommandModule<object, never>,
  correctCommand as CommandModule<object, never>,
  benchCommand as CommandModule<object, never>,
]
