import type { CommandModule } from 'yargs'
import { correctCommand } from './correct.js'

/** Every command, in the order of a user's day. */
export const COMMANDS: readonly CommandModule<object, never>[] = [correctCommand as CommandModule<object, never>]
