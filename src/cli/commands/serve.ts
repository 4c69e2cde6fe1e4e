import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { ConstantsCache } from '../../../constants/cache/cache.js'
import { CacheUse } from '../../engine/run/cache-use.js'
import type { OnlineStatus } from '../../online/live.js'
import { checkServeRequest } from '../../online/request.js'
import { OnlineService } from '../../online/service.js'
import type { Web } from '../../web/start-web.js'
import { openConstantsCache } from '../constants-cache.js'
import { EXIT, endWith, interruptible } from '../exit.js'
import { machineOf } from '../options.js'
import { printJson } from '../output.js'
import { type ServeArguments, serveOptions, serveRequestOf } from '../serve-options.js'
import { openServePage } from '../serve-page.js'
import { incidentLine, serveReport } from '../serve-report.js'

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
  const request = checkServeRequest(await serveRequestOf(args))
  const cache = openConstantsCache(args)
  const service = await OnlineService.start(request, {
    ...machineOf(args),
    ...(cache instanceof ConstantsCache && { cache: new CacheUse(cache) }),
    onIncident: incident => void process.stderr.write(incidentLine(incident, args.json)),
  })
  let page: Web | undefined
  try {
    page = await openServePage(service, args, line => void process.stderr.write(`detcal: ${line}\n`))
    if (page) process.stderr.write(`live page at ${page.url}\n`)
    for (const { endpoint, socket } of service.status().outputs)
      process.stderr.write(`serving corrected trains at ${endpoint} (${socket})\n`)
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
  } finally {
    await page?.close()
    await service.close()
  }
  const status = service.status()
  if (args.json) printJson(status)
  else process.stdout.write(serveReport(status))
  return hasLosses(status) ? EXIT.problems : EXIT.done
}

/** Whether trains, or parts of them, were lost for another reason than that nobody took them. */
function hasLosses({ trains: { lost } }: OnlineStatus): boolean {
  return Object.entries(lost).some(([cause, count]) => cause !== 'unconsumed' && count > 0)
}
