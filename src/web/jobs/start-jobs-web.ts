import { randomBytes } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { JobQueue } from '../../jobs/queue.js'
import { serveHttp } from '../http-server.js'
import { parseHttp } from '../listen.js'
import type { Web } from '../start-web.js'
import { jobsApp } from './jobs-app.js'
import { openQueueFeed } from './queue-feed.js'

export interface JobsWebOptions {
  /** Path of the queue, which is there. */
  readonly queue: string
  /** Root of the proposal tree. */
  readonly root: string
  /** As of the online page. */
  readonly http?: string | undefined
  readonly version: string
  readonly token?: string
  readonly names?: readonly string[]
  readonly log?: Logger
}

/**
 * Serves the page of a queue of jobs. It reads the queue by a connection of its own, as commands do.
 * @throws UsageError if the address is none or cannot be listened on.
 */
export async function startJobsWeb(options: JobsWebOptions): Promise<Web> {
  const { root, version, names = [] } = options
  const at = options.http === undefined ? undefined : parseHttp(options.http)
  const token = options.token ?? randomBytes(24).toString('base64url')
  const log = options.log ?? pino({ name: 'detcal' }, pino.destination(2))
  const queue = JobQueue.open(options.queue, { create: true })
  const feed = openQueueFeed(queue, version, err => log.error({ err }, 'the queue could not be read'))
  const end = (): void => {
    feed.close()
    queue.close()
  }
  const app = jobsApp({ queue, feed, root, token, log, names: [...(at ? [at.host] : []), ...names] })
  const server = await serveHttp(app, at).catch((error: unknown) => {
    end()
    throw error
  })
  log.info({ address: server.address }, 'the page is there')
  return {
    address: server.address,
    url: `${server.address}/#token=${token}`,
    close: async () => {
      await server.close()
      end()
    },
  }
}
