import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { checkMessage } from '../../jobs/message.js'
import { JobQueue } from '../../jobs/queue.js'
import { QUALITIES } from '../../jobs/run-key.js'
import { answer } from '../../jobs/submit.js'
import { given } from '../../model/given.js'
import { queueOption } from '../jobs-options.js'
import { flagOption, numberOption, textOption } from '../options.js'
import { printReport } from '../output.js'

interface SubmitOptions {
  readonly queue: string
  readonly instrument: string
  readonly cycle: string
  readonly proposal: number
  readonly run: number
  readonly quality?: string
  readonly priority?: number
  readonly detector?: string
  readonly recorrect?: boolean
  readonly rid?: string
  readonly json: boolean
}

const REQUEST = ['instrument', 'cycle', 'proposal', 'run'] as const
const FURTHER = ['quality', 'priority', 'detector', 'recorrect', 'rid'] as const

/** `detcal jobs submit`: asks for a run to be corrected. */
export const submitCommand: CommandModule<object, SubmitOptions> = {
  command: 'submit',
  describe: 'ask for a run to be corrected, or say how good it is',
  builder: (yargs: Argv) =>
    yargs
      .options({
        queue: queueOption,
        instrument: { ...textOption('such as SPB'), demandOption: true },
        cycle: { ...textOption('such as 202601'), demandOption: true },
        proposal: { ...numberOption('number of the proposal'), demandOption: true },
        run: { ...numberOption('number of the run'), demandOption: true },
        quality: { ...textOption('of the run [default: as its marker says]'), choices: QUALITIES },
        priority: numberOption('the lower, the earlier [default: 2]'),
        detector: textOption('Karabo name [default: all in the run]'),
        recorrect: flagOption('correct again what was corrected: its files are replaced'),
        rid: textOption('your name for the request'),
        json: flagOption('print the answer as JSON'),
      })
      .example(
        '$0 jobs submit --queue q.sqlite --instrument SPB --cycle 202601 --proposal 900900 --run 1 --quality good',
        'a run that is good',
      ) as unknown as Argv<SubmitOptions>,
  handler: (args: ArgumentsCamelCase<SubmitOptions>) => {
    const message = checkMessage({ request: 'correct', ...given(args, REQUEST), ...given(args, FURTHER) })
    const reply = JobQueue.using(args.queue, queue => answer(queue, message), { create: true })
    const { status, id, state, reason } = reply
    const why = reason === undefined ? '' : `: ${reason}`
    printReport({ text: `${status}: request ${id} is ${state}${why}\n`, json: reply }, args.json)
  },
}
