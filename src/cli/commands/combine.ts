import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { CombineService } from '../../online/combine/combine-service.js'
import { COMBINE_OPTIONS, type CombineRequest, checkCombineRequest } from '../../online/combine/request.js'
import { endWith, interruptible } from '../exit.js'
import { runService } from '../run-service.js'
import { requireOutput, type ServePageOptions } from '../serve-page.js'
import { incidentLine } from '../serve-report.js'
import {
  IN,
  OUTPUT_OPTIONS,
  SERVICE_OPTIONS,
  SOURCE_OPTIONS,
  streamOptionNamed,
  TRAIN_OPTIONS,
  textIn,
} from '../stream-options.js'

/** Options of `detcal combine` as yargs gives them. */
interface CombineArguments extends ServePageOptions, Partial<Omit<CombineRequest, 'sources'>> {
  readonly source: readonly string[]
}

/** `detcal combine`: joins modules that several hosts correct, and serves whole trains. */
export const combineCommand: CommandModule<object, CombineArguments> = {
  command: 'combine',
  describe: 'join the modules that several detcal serve correct',
  builder: (yargs: Argv) =>
    yargs
      .usage(
        [
          '$0 combine\n\nJoins modules by train: what detcal serve --modules … --output modules (or both) sends from several',
          'hosts becomes what one detcal serve of all modules would send. It corrects nothing. Stacked arrays of hosts are',
          'passed over. A host that goes leaves its modules NaN, and false in modulesPresent; when it is back, so are they.',
          'Modules that were made by other steps or another version of detcal than most are left out as if missing.',
        ].join(' '),
      )
      .options({
        source: {
          ...textIn(IN, 'a detcal serve that sends modules: tcp://HOST:PORT; may be repeated'),
          array: true,
          nargs: 1,
          demandOption: true,
        },
        ...SOURCE_OPTIONS,
        ...OUTPUT_OPTIONS,
        ...TRAIN_OPTIONS,
        ...SERVICE_OPTIONS,
      })
      .example(
        '$0 combine --source tcp://10.0.0.1:4601 --source tcp://10.0.0.2:4601 --publish tcp://127.0.0.1:4600',
        'whole trains of two hosts',
      ) as unknown as Argv<CombineArguments>,
  handler: async (args: ArgumentsCamelCase<CombineArguments>) => {
    endWith({ code: await interruptible(signal => combine(args, signal)) })
  },
}

/** Joins and serves until it is stopped. */
async function combine(args: CombineArguments, signal: AbortSignal): Promise<number> {
  const given = args as unknown as Readonly<Record<string, unknown>>
  const named = COMBINE_OPTIONS.flatMap(name => (given[name] === undefined ? [] : [[name, given[name]]]))
  const request = checkCombineRequest(
    { ...Object.fromEntries(named), sources: args.source },
    streamOptionNamed,
  )
  requireOutput(args)
  const service = await CombineService.start(
    request,
    incident => void process.stderr.write(incidentLine(incident, args.json)),
  )
  return runService(service, args, signal)
}
