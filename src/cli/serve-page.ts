import { pino } from 'pino'
import type { Geometry } from '../geometry/tile.js'
import { checkGeometry, type GeometryOptions, geometryOf } from '../kits/geometry-of.js'
import { KITS, kitOf } from '../kits/index.js'
import { isDetcalError, UsageError } from '../model/errors.js'
import type { LiveService } from '../online/live.js'
import { pageOpenToOthers } from '../web/listen.js'
import { startWeb, type Web } from '../web/start-web.js'

export interface ServePageOptions extends GeometryOptions {
  /** `HOST:PORT`, or `off`; absent: as {@link startWeb}. */
  readonly http?: string
  /** Log of all that happens, not only of what goes wrong. */
  readonly json: boolean
}

/** @throws UsageError for a service that neither publishes nor shows anything. */
export function requireOutput({
  publish,
  http,
}: {
  readonly publish?: readonly string[] | undefined
  readonly http?: string
}): void {
  if (http === 'off' && (publish ?? []).length === 0)
    throw new UsageError('nothing would come of it: --http is off, and there is no --publish', {
      hint: 'Give --publish tcp://127.0.0.1:4600, or let the page be served',
    })
}

/**
 * Serves the page of a service. Where pixels are is found out when it is known which detector it is.
 * @param fail is told if they cannot be: single modules are shown then.
 * @returns undefined if it is off. @throws UsageError if the address cannot be listened on. @throws as {@link checkGeometry}.
 */
export async function openServePage(
  service: LiveService,
  options: ServePageOptions,
  fail: (line: string) => void,
): Promise<Web | undefined> {
  const { http, json } = options
  if (http === 'off') return undefined
  await checkGeometry(KITS, options)
  const open = pageOpenToOthers(http)
  if (open !== undefined) fail(open)
  let asked: string | undefined
  let known: Geometry | undefined
  const find = async (id: string): Promise<void> => {
    try {
      known = await geometryOf(kitOf({ id }), options)
    } catch (error) {
      fail(`the page shows single modules only: ${isDetcalError(error) ? error.line : String(error)}`)
    }
  }
  const geometry = (): Geometry | undefined => {
    const id = service.status().detector?.id
    if (id !== undefined && id !== asked) {
      asked = id
      void find(id)
    }
    return known
  }
  const log = pino({ name: 'detcal', level: json ? 'info' : 'warn' }, pino.destination(2))
  return startWeb({ service, http, geometry, log })
}
