import type { Hono } from 'hono'
import { UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import type { LiveService, LiveSettings } from '../online/live.js'
import type { Audience } from './audience.js'
import { type BaseParts, baseApp } from './base-app.js'
import { encode, SETTINGS } from './messages.js'
import type { Metrics } from './metrics.js'
import { pageFiles } from './page-files.js'
import type { PicturePlace } from './place.js'
import type { GeometryHeader } from './protocol.js'

export interface WebParts extends BaseParts {
  readonly service: LiveService
  readonly audience: Audience
  readonly metrics: Metrics
  readonly place: () => PicturePlace | undefined
}

/** The requests that the page, Prometheus and whoever supervises the service make. */
export function webApp(parts: WebParts): Hono {
  const { service, audience, metrics, place, token, names, log } = parts
  const { app, authorised, limited } = baseApp({ token, names, log })
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
  app.get('*', pageFiles('#web/index.html'))
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
