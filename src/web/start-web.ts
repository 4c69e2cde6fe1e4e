import { randomBytes } from 'node:crypto'
import { type Logger, pino } from 'pino'
import type { Geometry } from '../geometry/tile.js'
import type { LiveService } from '../online/live.js'
import { webApp } from './app.js'
import { openAudience } from './audience.js'
import { openFeeds } from './feed.js'
import { serveHttp } from './http-server.js'
import { parseHttp } from './listen.js'
import { openMetrics } from './metrics.js'
import { type PicturePlace, placeOf } from './place.js'

export interface WebOptions {
  readonly service: LiveService
  /** `HOST:PORT`, or a port of loopback alone; port 0: a free one; absent: 127.0.0.1:8080, or a free one behind it. */
  readonly http?: string | undefined
  /** Where pixels are; asked until it is known. Without it single modules are shown. */
  readonly geometry: () => Geometry | undefined
  /** What changes of state need; by default a random one. */
  readonly token?: string
  /** Names under which the machine is asked, beside its addresses, its host name and localhost. */
  readonly names?: readonly string[]
  /** By default JSON lines on stderr. */
  readonly log?: Logger
  /** ms between pictures of a view, at least. */
  readonly interval?: number
}

export interface Web {
  /** `http://127.0.0.1:8080` */
  readonly address: string
  /** The page's address with the token in it: whoever has it may change settings. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the page, `/metrics` and `/healthz` of a running service.
 * @throws UsageError if the address is none or cannot be listened on.
 */
export async function startWeb(options: WebOptions): Promise<Web> {
  const { service, geometry, names = [], interval = 100 } = options
  const at = options.http === undefined ? undefined : parseHttp(options.http)
  const token = options.token ?? randomBytes(24).toString('base64url')
  const log = options.log ?? pino({ name: 'detcal' }, pino.destination(2))
  let tried: Geometry | undefined
  let known: PicturePlace | undefined
  const place = (): PicturePlace | undefined => {
    const now = geometry()
    if (now === undefined || now === tried) return known
    tried = now
    try {
      known = placeOf(now)
    } catch (error) {
      // Trains go on without their picture.
      log.error({ err: error }, 'the geometry makes no picture: the page shows single modules only')
    }
    return known
  }

  const metrics = openMetrics(service, () => ({ viewers: audience.size(), ...audience.counts }))
  const audience = openAudience(service, openFeeds(service, place, interval), () => metrics.observe())
  const app = webApp({
    service,
    audience,
    metrics,
    place,
    token,
    log,
    names: [...(at ? [at.host] : []), ...names],
  })
  const server = await serveHttp(app, at).catch((error: unknown) => {
    audience.close()
    throw error
  })
  const { address } = server
  log.info({ address }, 'the page is there')
  return {
    address,
    url: `${address}/#token=${token}`,
    close: async () => {
      audience.close()
      await server.close()
    },
  }
}
