import type { Argv, CommandModule } from 'yargs'

/** Every action, each imported only when it is needed: the queue is asked often, and what corrects runs is large. */
const ACTIONS: Readonly<Record<string, () => Promise<object>>> = {
  serve: async () => (await import('./jobs-serve.js')).serveJobsCommand,
  submit: async () => (await import('./jobs-submit.js')).submitCommand,
  status: async () => (await import('./jobs-status.js')).statusCommand,
  cancel: async () => (await import('./jobs-cancel.js')).cancelCommand,
  run: async () => (await import('./jobs-run.js')).runJobCommand,
}

/** `detcal jobs`: corrections of runs as they migrate, by a service with a queue. */
export const jobsCommand: CommandModule = {
  command: 'jobs',
  describe: 'correct runs as they migrate: a service with a queue, and what it is asked for',
  builder: async (yargs: Argv) => {
    // After `jobs`; all of them if none is named, for the help and for suggestions.
    const name = process.argv[3] ?? ''
    const wanted = Object.hasOwn(ACTIONS, name) ? [ACTIONS[name]] : Object.values(ACTIONS)
    for (const load of wanted) if (load) yargs.command((await load()) as CommandModule)
    return yargs.demandCommand(1, 'name what to do with jobs: serve, submit, status or cancel')
  },
  // Never reached: demandCommand refuses a command without an action.
  handler: () => {},
}
