import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { ConstantsCache } from '../../../constants/cache/cache.js'
import { CacheUse } from '../../engine/run/cache-use.js'
import { checkServeRequest } from '../../online/request.js'
import { OnlineService } from '../../online/service.js'
import { openConstantsCache } from '../constants-cache.js'
import { endWith, interruptible } from '../exit.js'
import { machineOf } from '../options.js'
import { runService } from '../run-service.js'
import { type ServeArguments, serveOptions, serveRequestOf } from '../serve-options.js'
import { requireOutput } from '../serve-page.js'
import { incidentLine } from '../serve-report.js'
import { streamOptionNamed } from '../stream-options.js'

/** `detcal serve`: corrects each train as it comes over the Karabo bridge, and serves it. */
export const serveCommand: CommandModule<object, ServeArguments> = {
  command: 'serve',
  describe: 'correct trains as they come over the Karabo bridge',
  builder: (yargs: Argv) => serveOptions(yargs),
  handler: async (args: ArgumentsCamelCase<ServeArguments>) => {
    endWith({ code: await interruptible(signal => serve(args, signal)) })
  },
}

/** Serves until it is stopped. */
async function serve(args: ServeArguments, signal: AbortSignal): Promise<number> {
  const request = checkServeRequest(await serveRequestOf(args), streamOptionNamed)
  requireOutput(args)
  const cache = openConstantsCache(args)
  const service = await OnlineService.start(request, {
    ...machineOf(args),
    device: args.device ?? 'cpu',
    ...(cache instanceof ConstantsCache && { cache: new CacheUse(cache) }),
    onIncident: incident => void process.stderr.write(incidentLine(incident, args.json)),
  })
  return runService(service, args, signal)
}
