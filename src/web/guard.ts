import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { MiddlewareHandler } from 'hono'

/**
 * Refuses what a page of another site makes a browser ask. A site can give its own name our address (DNS rebinding), so a
 * name must be one of ours; an address cannot be given away. A browser says whose page it is (Origin): it must be ours.
 * @param names of this machine beside `localhost` and its host name.
 */
export function sameSite(names: readonly string[]): MiddlewareHandler {
  const ours = new Set(['localhost', hostname(), ...names].map(name => name.toLowerCase()))
  return async (context, next) => {
    const host = context.req.header('host') ?? ''
    const name = nameOf(host)
    if (name === undefined || !(ours.has(name) || isIP(name) !== 0))
      return context.json(
        { error: `this is not "${host}": use the machine's address, or ${[...ours].join(' or ')}` },
        421,
      )
    const origin = context.req.header('origin')
    if (origin !== undefined && !hasHost(origin, host))
      return context.json({ error: `pages of ${origin} may not ask for this` }, 403)
    return next()
  }
}

/** `[::1]:8080` → `::1` */
function nameOf(host: string): string | undefined {
  const [, name] = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host) ?? []
  return name?.toLowerCase().replace(/^\[|\]$|\.$/g, '')
}

function hasHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase().replace(/:80$/, '')
}
