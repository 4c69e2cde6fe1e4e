import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { openToOthers } from '../bridge/endpoint.js'
import { UsageError } from '../model/errors.js'

interface HttpPlace {
  readonly host: string
  readonly port: number
}

/** Where a page is unless it is said: here, or at the first free port behind it, so that a second service has one too. */
const DEFAULT: HttpPlace = { host: '127.0.0.1', port: 8080 }
const TRIES = 20

/** `HOST:PORT`, or a port of loopback alone. @throws UsageError */
export function parseHttp(text: string): HttpPlace {
  const [, bracketed, host = bracketed ?? DEFAULT.host, digits = ''] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535)
    throw new UsageError(`"${text}" is not an address`, { hint: 'Give HOST:PORT, like 127.0.0.1:8080' })
  return { host, port }
}

/** What to say of a page that other machines reach; undefined: it is on loopback. @throws UsageError as {@link parseHttp}. */
export function pageOpenToOthers(http: string | undefined): string | undefined {
  if (http === undefined) return undefined
  const { host, port } = parseHttp(http)
  return openToOthers([`tcp://${host.includes(':') ? `[${host}]` : host}:${port}`], '--http')
}

/**
 * Listens where it is said, or near 127.0.0.1:8080. Gives the address as browsers take it.
 * @throws UsageError if that cannot be listened on.
 */
export async function listenAt(server: Server, place: HttpPlace | undefined): Promise<string> {
  const { host, port } = place ?? DEFAULT
  for (let next = port; ; next++)
    try {
      await listen(server, host, next)
      return `http://${shownHost(host)}:${(server.address() as AddressInfo).port}`
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (place === undefined && isTaken && next < port + TRIES) continue
      throw new UsageError(`cannot listen on ${host}:${next}: ${(error as Error).message}`, {
        hint: 'Choose another address by --http',
      })
    }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Of all addresses none can be opened in a browser. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname()
  return host.includes(':') ? `[${host}]` : host
}
