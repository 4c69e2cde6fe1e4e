import { Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import type { Logger } from 'pino'
import { type DetcalError, isDetcalError, UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import type { LiveService, LiveSettings } from '../online/live.js'
import type { Audience } from './audience.js'
import { sameSite } from './guard.js'
import { encode, SETTINGS } from './messages.js'
import type { Metrics } from './metrics.js'
import { pageFiles } from './page-files.js'
import type { PicturePlace } from './place.js'
import type { GeometryHeader } from './protocol.js'

export interface WebParts {
  readonly service: LiveService
  readonly audience: Audience
  readonly metrics: Metrics
  readonly place: () => PicturePlace | undefined
  readonly token: string
  readonly names: readonly string[]
  readonly log: Logger
}

const MAX_BODY = 16 * 1024
const SELF = ["'self'"]
const NONE = ["'none'"]

/** Whose fault it is, in HTTP's words. */
const STATUS = { usage: 422, constants: 409, busy: 409, data: 409, output: 409 } as const

/** The requests that the page, Prometheus and whoever supervises the service make. */
export function webApp(parts: WebParts): Hono {
  const { service, audience, metrics, place, token, names, log } = parts
  const app = new Hono()
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        ...{
          defaultSrc: NONE,
          scriptSrc: SELF,
          styleSrc: SELF,
          connectSrc: SELF,
          imgSrc: [...SELF, 'data:'],
        },
        ...{ baseUri: NONE, formAction: NONE, frameAncestors: NONE },
      },
      xFrameOptions: 'DENY',
      // The page is served without encryption: whoever needs it puts a proxy before it, which then says so.
      strictTransportSecurity: false,
    }),
  )
  app.use(sameSite(names))
  app.get('/live', audience.handler)
  app.get('/api/status', context => context.json(service.status()))
  app.get('/api/geometry', context => {
    const where = place()
    if (where === undefined)
      return context.json({ error: 'there is no geometry yet: wait for the first train' }, 404)
    return context.body(new Uint8Array(geometryMessage(where)), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
    })
  })
  app.get('/metrics', async context =>
    context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  )
  app.get('/healthz', context => {
    const { state } = service.status()
    return context.json({ state }, state === 'stopping' || state === 'failing' ? 503 : 200)
  })

  // What changes state needs the token, and a page can ask whether its own is still the right one.
  const authorised = bearerAuth({ token })
  app.get('/api/token', authorised, context => context.body(null, 204))
  const limited = bodyLimit({ maxSize: MAX_BODY })
  app.post('/api/settings', authorised, limited, async context => {
    const asked = await context.req.json().catch(() => undefined)
    const settings: Partial<LiveSettings> = shaped(
      SETTINGS,
      asked,
      what => new UsageError(`settings: ${what}`),
    )
    await service.change(settings)
    log.info({ settings }, 'settings changed from the page')
    audience.tell()
    return context.body(null, 204)
  })
  app.post('/api/reload', authorised, limited, async context => {
    await service.reloadConstants()
    log.info('constants reloaded from the page')
    audience.tell()
    return context.body(null, 204)
  })
  app.get('*', pageFiles())

  app.onError((error, context) => {
    if (isDetcalError(error)) {
      log.warn({ path: context.req.path }, error.line)
      return context.json({ error: error.line }, STATUS[(error as DetcalError).tag])
    }
    // Refusals of the library's own: no token, a body too large.
    if ('getResponse' in error && typeof error.getResponse === 'function')
      return error.getResponse() as Response
    log.error({ err: error, path: context.req.path }, 'a request failed')
    return context.json({ error: 'internal error: the service has logged it' }, 500)
  })
  return app
}

function geometryMessage({
  table,
  height,
  width,
  centre,
  modules,
  slowScan,
  fastScan,
}: PicturePlace): Buffer {
  const header: GeometryHeader = { height, width, centre, modules, slowScan, fastScan }
  return encode(header, table.pixels)
}
