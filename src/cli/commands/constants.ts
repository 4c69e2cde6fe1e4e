import type { Argv, CommandModule } from 'yargs'
import { amendCommand, removeCommand, restoreCommand } from './constants-change.js'
import { exportCommand } from './constants-export.js'
import { importCommand } from './constants-import.js'
import { listCommand } from './constants-list.js'
import { showCommand } from './constants-show.js'
import { verifyCommand } from './constants-verify.js'

/** `detcal constants`: what is in a catalogue, and what goes into it. */
export const constantsCommand: CommandModule = {
  command: 'constants',
  describe:
    'calibration constants of a catalogue: import, list, show, verify, export, amend, remove, restore',
  builder: (yargs: Argv) =>
    yargs
      .command(importCommand)
      .command(listCommand)
      .command(showCommand)
      .command(verifyCommand)
      .command(exportCommand)
      .command(amendCommand)
      .command(removeCommand)
      .command(restoreCommand)
      .demandCommand(
        1,
        'name what to do with the constants: import, list, show, verify, export, amend, remove or restore',
      ),
  // Never reached: demandCommand refuses a command without an action.
  handler: () => {},
}
