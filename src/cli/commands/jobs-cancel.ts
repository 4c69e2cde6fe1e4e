import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { cancelRequest } from '../../jobs/job-status.js'
import { JobQueue } from '../../jobs/queue.js'
import { queueOption } from '../jobs-options.js'
import { flagOption } from '../options.js'
import { printReport } from '../output.js'

interface CancelOptions {
  readonly queue: string
  readonly id: number
  readonly json: boolean
}

/** `detcal jobs cancel`: calls a request off. */
export const cancelCommand: CommandModule<object, CancelOptions> = {
  command: 'cancel <id>',
  describe: 'call a request off; the service stops its jobs, and whole files stay',
  builder: (yargs: Argv) =>
    yargs
      .positional('id', { type: 'number', demandOption: true, describe: 'of the request' })
      .options({
        queue: queueOption,
        json: flagOption('print the request as JSON'),
      })
      .example(
        '$0 jobs cancel 12 --queue jobs.sqlite',
        'request 12 is not corrected',
      ) as unknown as Argv<CancelOptions>,
  handler: ({ queue: path, id, json }: ArgumentsCamelCase<CancelOptions>) => {
    const request = JobQueue.using(path, queue => cancelRequest(queue, id))
    printReport({ text: `request ${id} is cancelled\n`, json: request }, json)
  },
}
