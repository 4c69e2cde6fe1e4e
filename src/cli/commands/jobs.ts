import type { Argv, CommandModule } from 'yargs'
import { cancelCommand } from './jobs-cancel.js'
import { runJobCommand } from './jobs-run.js'
import { serveJobsCommand } from './jobs-serve.js'
import { statusCommand } from './jobs-status.js'
import { submitCommand } from './jobs-submit.js'

/** `detcal jobs`: corrections of runs as they migrate, by a service with a queue. */
export const jobsCommand: CommandModule = {
  command: 'jobs',
  describe: 'correct runs as they migrate: a service with a queue, and what it is asked for',
  builder: (yargs: Argv) =>
    yargs
      .command(serveJobsCommand)
      .command(submitCommand)
      .command(statusCommand)
      .command(cancelCommand)
      .command(runJobCommand)
      .demandCommand(1, 'name what to do with jobs: serve, submit, status or cancel'),
  // Never reached: demandCommand refuses a command without an action.
  handler: () => {},
}
