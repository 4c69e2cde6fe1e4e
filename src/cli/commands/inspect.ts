import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { problemsOfImages } from '../../sources/run/frames-written.js'
import { openRun } from '../../sources/run/open-run.js'
import { firstRawGain } from '../../sources/run/raw-gain.js'
import { endWith, exitCodeOf, interruptible } from '../exit.js'
import { inspectJson, inspectText } from '../inspect-report.js'
import { flagOption, textOption } from '../options.js'
import { printJson } from '../output.js'
import { problemLines } from '../problems.js'

interface InspectOptions {
  readonly run: string
  readonly detector: string
  readonly parallelGain: boolean | undefined
  readonly json: boolean
}

/** `detcal inspect`: shows the content of a RAW run. */
export const inspectCommand: CommandModule<object, InspectOptions> = {
  command: 'inspect <run>',
  describe: 'summarise a RAW run: modules, trains, frames, conditions, problems',
  builder: (yargs: Argv) =>
    yargs
      .positional('run', { ...textOption('folder of the RAW run'), demandOption: true })
      .options({
        detector: { ...textOption('detector id or Karabo name, if there are several'), default: 'auto' },
        'parallel-gain': {
          type: 'boolean',
          describe: 'LPD: a train holds its pulses once in each gain stage [default: from control data]',
        },
        json: flagOption('print the summary as JSON'),
      })
      .example('$0 inspect raw/r0001', 'what there is to correct') as unknown as Argv<InspectOptions>,
  handler: async (args: ArgumentsCamelCase<InspectOptions>) => {
    endWith({ code: await interruptible(signal => run(args, signal)) })
  },
}

async function run(args: InspectOptions, signal: AbortSignal): Promise<number> {
  const { detector, parallelGain } = args
  const run = await openRun(args.run, {
    detector,
    ...(parallelGain !== undefined && { parallelGain }),
    signal,
  })
  const found = { ...run, problems: [...run.problems, ...problemsOfImages(run, signal)] }
  const rawGain = await firstRawGain(run)
  if (args.json) printJson(inspectJson(found, rawGain))
  else {
    process.stdout.write(inspectText(found, rawGain))
    process.stderr.write(problemLines(found.problems))
  }
  return exitCodeOf(found.problems)
}
