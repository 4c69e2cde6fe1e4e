import type { BridgeVersion } from '../bridge/message.js'
import { BridgeServer, type ServerSecurity, type ServerSocket } from '../bridge/server.js'
import type { WhenFull } from '../bridge/train-queue.js'
import type { OutputStatus } from './live.js'

export interface PublisherOptions {
  readonly endpoints: readonly string[]
  readonly socket: ServerSocket
  readonly version: BridgeVersion
  readonly whenFull: WhenFull
  readonly security?: ServerSecurity | undefined
}

/** Serves each train at several endpoints. */
export class Publisher {
  readonly #servers: readonly BridgeServer[]
  readonly #socket: ServerSocket
  readonly version: BridgeVersion

  private constructor(servers: readonly BridgeServer[], { socket, version }: PublisherOptions) {
    this.#servers = servers
    this.#socket = socket
    this.version = version
  }

  /** @throws UsageError if an endpoint cannot be bound. */
  static async bind(options: PublisherOptions): Promise<Publisher> {
    const { endpoints, socket, whenFull, security } = options
    const servers: BridgeServer[] = []
    try {
      for (const endpoint of endpoints)
        servers.push(await BridgeServer.bind({ socket, endpoint, whenFull, security }))
    } catch (error) {
      for (const server of servers) await server.close()
      throw error
    }
    return new Publisher(servers, options)
  }

  get outputs(): OutputStatus[] {
    return this.#servers.map(({ endpoint, counts }) => ({
      ...{ endpoint, socket: this.#socket, sent: counts.sent, dropped: counts.dropped },
    }))
  }

  /** Trains that were dropped since nobody took them. */
  get dropped(): number {
    return this.#servers.reduce((sum, { counts }) => sum + counts.dropped, 0)
  }

  /** Takes a train's message; resolves when every output has queued it, or dropped one by its policy. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    await Promise.all(this.#servers.map(server => server.send(frames)))
  }

  /** Sends what is queued, where somebody takes it within `patience` ms. */
  async close(patience: number): Promise<void> {
    await Promise.all(this.#servers.map(server => server.close(patience)))
  }
}
