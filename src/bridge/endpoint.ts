import { UsageError } from '../model/errors.js'

/** An address that a socket binds or connects to. */
export interface Endpoint {
  readonly transport: 'tcp' | 'ipc'
  /** Of tcp an address (`127.0.0.1`, `[::1]`), a name, an interface (`lo`), or `*` for all of them; of ipc a path. */
  readonly host: string
  /** 0: any free one. Absent: ipc. */
  readonly port?: number
}

/**
 * Reads `tcp://HOST:PORT`, where the port may be `*`, or `ipc://PATH`.
 * @throws UsageError naming `option`.
 */
export function parseEndpoint(text: string, option: string): Endpoint {
  const [, path] = /^ipc:\/\/(.+)$/.exec(text) ?? []
  if (path !== undefined) return { transport: 'ipc', host: path }
  const [, host, port = ''] = /^tcp:\/\/(\[[\da-fA-F:.%\w]+\]|[^[\]:/\s]+):(\d{1,5}|\*)$/.exec(text) ?? []
  const number = port === '*' ? 0 : Number(port)
  if (host === undefined || number > 65535)
    throw new UsageError(`${option} ${JSON.stringify(text)} is not an endpoint`, {
      hint: 'Write it like tcp://127.0.0.1:4545, or tcp://127.0.0.1:* for a free port',
    })
  return { transport: 'tcp', host, port: number }
}

/** Whether only programs of this machine reach it. A name other than `localhost` may be anywhere. */
export function isLoopback({ transport, host }: Endpoint): boolean {
  return transport === 'ipc' || /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost|lo)$/.test(host)
}

/** What to say of endpoints that are bound and that other machines reach; undefined: there are none. */
export function openToOthers(endpoints: readonly string[], option: string): string | undefined {
  const open = endpoints.filter(text => !isLoopback(parseEndpoint(text, option)))
  if (open.length === 0) return undefined
  return `${open.join(', ')}: whoever reaches this address over the network can read the data. Bind 127.0.0.1 to keep them on this machine`
}
