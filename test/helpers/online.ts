import { BridgeClient, type ClientSocket } from '../../src/bridge/client.js'
import { decodeTrain } from '../../src/bridge/decode.js'
import { encodeTrain } from '../../src/bridge/encode.js'
import type { BridgeSource } from '../../src/bridge/message.js'
import { BridgeServer, type BridgeServerOptions, type ServerSocket } from '../../src/bridge/server.js'
import type { Incident, OnlineStatus } from '../../src/online/live.js'
import { checkServeRequest, type ServeRequest } from '../../src/online/request.js'
import { OnlineService, type ServiceOptions } from '../../src/online/service.js'
import { type GoldenStream, type Served, servedOf } from './golden-stream.js'

/** Settles as `promise` does; throws if that takes too long. */
export async function within<T>(promise: Promise<T>, what: string, ms = 30_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Resolves when a condition holds; looked at each turn of the event loop, with a pause for other processes. */
export async function until(holds: () => boolean, what: string, ms = 30_000): Promise<void> {
  const end = performance.now() + ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

export interface OnlineOptions extends Partial<ServiceOptions> {
  /** Endpoints to read; absent: of a server that is made. */
  readonly sources?: readonly string[]
  readonly source?: ServerSocket
  readonly sourceQueue?: number
  readonly client?: ClientSocket | 'none'
}

/** A service between a server that sends to it and a client that reads of it. */
export class Online {
  readonly service: OnlineService
  readonly incidents: readonly Incident[]
  readonly #stream: GoldenStream
  readonly #source: BridgeServer | undefined
  readonly #client: BridgeClient | undefined

  private constructor(
    service: OnlineService,
    stream: GoldenStream,
    source: BridgeServer | undefined,
    client: BridgeClient | undefined,
    incidents: readonly Incident[],
  ) {
    this.service = service
    this.incidents = incidents
    this.#stream = stream
    this.#source = source
    this.#client = client
  }

  /** Starts it: everything waits, so that no train is dropped, and complete trains only wait for what was sent. */
  static async start(
    stream: GoldenStream,
    request: Partial<ServeRequest> = {},
    { sources, source = 'REP', sourceQueue = 1, client = 'REQ', ...options }: OnlineOptions = {},
  ): Promise<Online> {
    const server = sources ? undefined : await serving({ socket: source, queue: sourceQueue })
    const incidents: Incident[] = []
    const checked = checkServeRequest({
      sources: sources ?? [server?.endpoint ?? ''],
      sourceSocket: ({ REP: 'REQ', PUB: 'SUB', PUSH: 'PULL', ROUTER: 'REQ' } as const)[source],
      publish: ['tcp://127.0.0.1:*'],
      ...{ whenFull: 'wait', deadline: 20_000 },
      modules: [...(stream.trains[0]?.modules.keys() ?? [])].join(','),
      ...stream.request,
      ...request,
    })
    const service = await OnlineService.start(checked, {
      ...{ workers: 2, memory: 2 ** 31, onIncident: incident => void incidents.push(incident) },
      ...options,
    })
    const endpoint = service.status().outputs[0]?.endpoint
    const reader =
      client === 'none' || endpoint === undefined ? undefined : BridgeClient.connect(endpoint, client)
    return new Online(service, stream, server, reader, incidents)
  }

  get status(): OnlineStatus {
    return this.service.status()
  }

  /** Where its first output is. */
  get endpoint(): string {
    return this.status.outputs[0]?.endpoint ?? ''
  }

  async send(...sources: readonly BridgeSource[]): Promise<void> {
    await this.sendFrames(encodeTrain(sources, '2.2'))
  }

  async sendFrames(frames: readonly Uint8Array[]): Promise<void> {
    await within(this.#source?.send(frames) ?? Promise.resolve(), 'the service takes a message')
  }

  async next(what = 'a train'): Promise<Served> {
    const message = await within(this.#client?.next() ?? Promise.resolve(undefined), what)
    if (message === undefined) throw new Error('the client is closed')
    return servedOf(decodeTrain(message), this.#stream)
  }

  async close(): Promise<void> {
    this.#client?.close()
    await within(this.service.close(), 'the service ends')
    await this.#source?.close()
  }
}

/** A server on a free port of this machine. */
export function serving(options: Partial<BridgeServerOptions> = {}): Promise<BridgeServer> {
  return BridgeServer.bind({
    ...{ socket: 'REP', endpoint: 'tcp://127.0.0.1:*', whenFull: 'wait' },
    ...options,
  })
}
