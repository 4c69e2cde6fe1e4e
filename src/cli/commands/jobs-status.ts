import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { queueStatus } from '../../jobs/job-status.js'
import { JobQueue } from '../../jobs/queue.js'
import { TRANSITIONS } from '../../jobs/states.js'
import { given } from '../../model/given.js'
import { queueOption } from '../jobs-options.js'
import { queueReport } from '../jobs-report.js'
import { flagOption, listOption, numberOption } from '../options.js'
import { printReport } from '../output.js'

interface StatusOptions {
  readonly queue: string
  readonly id?: number
  readonly state: readonly string[]
  readonly limit: number
  readonly json: boolean
}

/** `detcal jobs status`: what became of requests. */
export const statusCommand: CommandModule<object, StatusOptions> = {
  command: 'status [id]',
  describe: 'what became of requests: the latest, or one with its jobs',
  builder: (yargs: Argv) =>
    yargs
      .positional('id', { type: 'number', describe: 'of a request' })
      .options({
        queue: queueOption,
        state: {
          ...listOption('only requests in this state, may be repeated'),
          choices: Object.keys(TRANSITIONS),
        },
        limit: { ...numberOption('so many of them'), default: 50 },
        json: flagOption('print JSON on stdout'),
      })
      .example(
        '$0 jobs status --queue jobs.sqlite --state running',
        'what is being corrected',
      ) as unknown as Argv<StatusOptions>,
  handler: (args: ArgumentsCamelCase<StatusOptions>) => {
    const { id, limit, state: states } = args
    const status = JobQueue.using(args.queue, queue =>
      queueStatus(queue, { ...given({ id }), limit, states }),
    )
    printReport({ text: queueReport(status, id !== undefined), json: status }, args.json)
  },
}
