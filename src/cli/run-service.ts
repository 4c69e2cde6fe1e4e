import type { LiveService, OnlineStatus } from '../online/live.js'
import type { Web } from '../web/start-web.js'
import { EXIT } from './exit.js'
import { printJson } from './output.js'
import { openServePage, type ServePageOptions } from './serve-page.js'
import { serveReport } from './serve-report.js'

/** Lets a service run until it is stopped, ends it, and says what went through; gives the exit code. */
export async function runService(
  service: LiveService & { close(): Promise<void> },
  args: ServePageOptions,
  signal: AbortSignal,
): Promise<number> {
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
