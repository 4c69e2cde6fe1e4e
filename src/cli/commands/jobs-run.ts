import { hostname } from 'node:os'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { readTask } from '../../jobs/job-files.js'
import { runJob } from '../../jobs/run-job.js'
import { given } from '../../model/given.js'
import { openConstantsCache } from '../constants-cache.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { numberOption, textOption } from '../options.js'

interface RunJobOptions {
  readonly folder: string
  readonly name: string
  readonly attempt: number
}

/** `detcal jobs run`: one job of a request, as launchers start it. */
export const runJobCommand: CommandModule<object, RunJobOptions> = {
  command: 'run <folder> <name>',
  describe: 'do one job of a request: what the service starts',
  builder: (yargs: Argv) =>
    yargs
      .positional('folder', { ...textOption('folder of the request'), demandOption: true })
      .positional('name', { ...textOption('plan, correct-<n> or summary'), demandOption: true })
      .options({
        attempt: { ...numberOption('number of the start'), demandOption: true },
      })
      .example(
        '$0 jobs run jobs.sqlite.jobs/12 correct-0 --attempt 1',
        'a job as the service starts it',
      ) as unknown as Argv<RunJobOptions>,
  handler: async ({ folder, name, attempt }: ArgumentsCamelCase<RunJobOptions>) => {
    const cache = openConstantsCache(given(readTask(folder), ['constantsCache', 'constantsCacheSize']))
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString()} ${line}\n`)
    say(`${name}, start ${attempt}: process ${process.pid} of ${hostname()}`)
    const isWhole = await interruptible(signal => runJob({ folder, name, attempt }, { cache, signal, say }))
    say(isWhole ? 'done' : `an error ended it: ${name}.${attempt}.json beside this log has it`)
    endWith({ code: isWhole ? EXIT.done : EXIT.problems })
  },
}
