import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { keepRequestsIn, requestFolders } from '../../jobs/job-files.js'
import { LocalLauncher } from '../../jobs/local-launcher.js'
import { type JobServiceOptions, serveJobs } from '../../jobs/service.js'
import { checkSlurm } from '../../jobs/slurm/check.js'
import { queueTag } from '../../jobs/slurm/queue-tag.js'
import { SlurmLauncher } from '../../jobs/slurm/slurm-launcher.js'
import { given } from '../../model/given.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { openJobsPage } from '../jobs-page.js'
import { jobServiceOptions, type ServeJobsArguments, serveJobsOptions } from '../jobs-serve-options.js'

/** `detcal jobs serve`: has runs corrected as they are asked for. */
export const serveJobsCommand: CommandModule<object, ServeJobsArguments> = {
  command: 'serve',
  describe: 'take requests over ZeroMQ and migration markers, and correct the runs',
  builder: (yargs: Argv) => serveJobsOptions(yargs),
  handler: async (args: ArgumentsCamelCase<ServeJobsArguments>) => {
    endWith({ code: await interruptible(signal => serve(args, signal)) })
  },
}

/** Serves until it is stopped. */
async function serve(args: ServeJobsArguments, signal: AbortSignal): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const { service, slurm } = await jobServiceOptions(args)
  const onTrouble: NonNullable<JobServiceOptions['onTrouble']> = ({ line }) => say(`error: ${line}`)
  // The command itself, by the path that started it.
  const command = [process.execPath, process.argv[1] ?? '']
  if (slurm !== undefined) await checkSlurm(slurm, onTrouble)
  const launcher: JobServiceOptions['launcher'] = onEnded => {
    if (slurm === undefined) return new LocalLauncher(command, args.atATime, onEnded)
    if (slurm.folder !== undefined) keepRequestsIn(slurm.folder, args.queue)
    const tag = queueTag(requestFolders(args.queue))
    return new SlurmLauncher({ slurm, command, tag, onListed: onEnded, onTrouble })
  }
  const page = await openJobsPage({ ...service, ...given(args, ['http']), json: args.json }, say)
  await serveJobs({
    ...service,
    launcher,
    signal,
    onReady: ({ bind, publish }) =>
      say(`taking requests at ${bind}${publish === undefined ? '' : `, publishing at ${publish}`}`),
    onTrouble,
    onRefused: (address, key) => say(`refused ${address}, which has the key ${key}`),
    onEvent: ({ body }) => say(args.json ? body : eventLine(body)),
  }).finally(() => page?.close())
  return EXIT.done
}

/** An event of the queue for people. */
function eventLine(body: string): string {
  const { time, id, instrument, proposal, run, state, reason } = JSON.parse(body) as Record<string, unknown>
  const why = reason === undefined ? '' : `: ${reason}`
  return `${time} request ${id} (${instrument} p${proposal} r${run}) ${state}${why}`
}
