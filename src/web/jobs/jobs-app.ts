import { setTimeout } from 'node:timers/promises'
import type { Context, Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { cancelRequest } from '../../jobs/job-status.js'
import type { JobQueue } from '../../jobs/queue.js'
import { UsageError } from '../../model/errors.js'
import { type BaseParts, baseApp } from '../base-app.js'
import { pageFiles } from '../page-files.js'
import type { QueueFeed } from './queue-feed.js'
import { jobLogTail, reportPage, requestDetail } from './request-files.js'

export interface JobsWebParts extends BaseParts {
  readonly queue: JobQueue
  readonly feed: QueueFeed
  /** Root of the proposal tree. */
  readonly root: string
}

/** Pages that may look on at once. */
const MAX_PAGES = 32
/** A page that hears nothing for longer knows that it is cut off, ms. */
const SIGN_OF_LIFE = 5000

const REPORT_PATH = '/api/requests/:id/reports/:detector'
/** What a report may do: show itself. It stands alone, so that its style is in it; scripts have no place there. */
const REPORTS = {
  path: REPORT_PATH,
  policy: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
}

/** The requests that the page of jobs makes, and whoever supervises the service. */
export function jobsApp(parts: JobsWebParts): Hono {
  const { queue, feed, root, log } = parts
  const { app, authorised, limited } = baseApp({ ...parts, policies: [REPORTS] })
  app.get('/api/events', context => {
    if (feed.size() >= MAX_PAGES)
      return context.text(`${MAX_PAGES} pages look on already: close one of them\n`, 503)
    return streamSSE(context, async stream => {
      let waiting: string | undefined = feed.newest()
      let wake = (): void => {}
      const leave = feed.follow(text => {
        waiting = text
        wake()
      })
      stream.onAbort(() => wake())
      try {
        while (!stream.aborted && !stream.closed) {
          // The newest state alone: what a slow page has missed, it says too.
          const data = waiting
          waiting = undefined
          await stream.writeSSE(data === undefined ? { event: 'alive', data: '' } : { event: 'queue', data })
          const pause = new AbortController()
          wake = () => pause.abort()
          if (waiting === undefined)
            await setTimeout(SIGN_OF_LIFE, undefined, { signal: pause.signal }).catch(() => {})
        }
      } finally {
        leave()
      }
    })
  })
  app.get('/api/requests', context => context.body(feed.newest(), 200, JSON_TYPE))
  app.get('/api/requests/:id', context => context.json(requestDetail(queue, root, idOf(context))))
  app.get('/api/requests/:id/logs/:job', context => {
    const text = jobLogTail(queue, idOf(context), context.req.param('job'))
    return context.body(new Uint8Array(text), 200, {
      ...NOT_KEPT,
      'content-type': 'text/plain; charset=utf-8',
    })
  })
  app.get(REPORT_PATH, context => {
    const page = reportPage(queue, root, idOf(context), context.req.param('detector'))
    return context.body(new Uint8Array(page), 200, {
      ...NOT_KEPT,
      'content-type': 'text/html; charset=utf-8',
    })
  })
  app.get('/healthz', context => context.json({ state: 'running' }))
  app.post('/api/requests/:id/cancel', authorised, limited, context => {
    const { id, state } = cancelRequest(queue, idOf(context))
    log.info({ id }, 'a request was cancelled from the page')
    feed.look()
    return context.json({ id, state })
  })
  app.get('*', pageFiles('#web/jobs/index.html'))
  return app
}

const NOT_KEPT = { 'cache-control': 'no-store' }
const JSON_TYPE = { ...NOT_KEPT, 'content-type': 'application/json' }

/** @throws UsageError */
function idOf(context: Context): number {
  const text = context.req.param('id') ?? ''
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`"${text}" is no number of a request`)
  return Number(text)
}
