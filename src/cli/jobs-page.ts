import { pino } from 'pino'
import { software } from '../files/version.js'
import { startJobsWeb } from '../web/jobs/start-jobs-web.js'
import { pageOpenToOthers } from '../web/listen.js'
import type { Web } from '../web/start-web.js'

export interface JobsPageOptions {
  readonly queue: string
  /** Root of the proposal tree. */
  readonly root: string
  /** `HOST:PORT`, or `off`; absent: as {@link startJobsWeb}. */
  readonly http?: string
  /** Log of all that happens, not only of what goes wrong. */
  readonly json: boolean
}

/**
 * Serves the page of a service of jobs.
 * @param say is told where it is. @returns undefined if it is off. @throws UsageError if the address cannot be listened on.
 */
export async function openJobsPage(
  { queue, root, http, json }: JobsPageOptions,
  say: (line: string) => void,
): Promise<Web | undefined> {
  if (http === 'off') return undefined
  const open = pageOpenToOthers(http)
  if (open !== undefined) say(open)
  const log = pino({ name: 'detcal', level: json ? 'info' : 'warn' }, pino.destination(2))
  const page = await startJobsWeb({ queue, root, http, version: software(), log })
  say(`page at ${page.url}`)
  return page
}
