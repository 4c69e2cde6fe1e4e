import type { Argv, CommandModule } from 'yargs'
import { importCommand } from './constants-import.js'
import { listCommand } from './constants-list.js'
import { showCommand } from './constants-show.js'
import { verifyCommand } from './constants-verify.js'

/** `detcal constants`: what is in a catalogue, and what goes into it. */
export const constantsCommand: CommandModule = {
  command: 'constants',
  describe: 'calibration constants of a catalogue: import, list, show, verify',
  builder: (yargs: Argv) =>
    yargs
      .command(importCommand)
      .command(listCommand)
      .command(showCommand)
      .command(verifyCommand)
      .demandCommand(1, 'name what to do with the constants: import, list, show or verify'),
  // Reached only without an action, which demandCommand refuses.
  handler: () => {},
}
