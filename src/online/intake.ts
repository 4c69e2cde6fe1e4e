import { BridgeClient, type ClientSocket } from '../bridge/client.js'
import type { CurveKeys } from '../bridge/curve-keys.js'
import type { SourceStatus } from './live.js'

export interface IntakeOptions {
  readonly endpoints: readonly string[]
  readonly socket: ClientSocket
  readonly keys?: CurveKeys | undefined
  /** Takes a message; the next one of that endpoint is read when it has: that is the back-pressure. */
  readonly take: (frames: readonly Uint8Array[], endpoint: string) => Promise<void>
  /** An endpoint cannot be read any more. */
  readonly fail: (endpoint: string, error: unknown) => void
}

interface Source {
  readonly client: BridgeClient
  readonly endpoint: string
  messages: number
  bytes: number
  lastAt: number | undefined
}

/** Reads messages of several bridges side by side. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #sources: readonly Source[]
  readonly #done: Promise<unknown>

  /** @throws UsageError if an endpoint is not one. */
  constructor(options: IntakeOptions) {
    this.#options = options
    const clients: BridgeClient[] = []
    try {
      for (const endpoint of options.endpoints)
        clients.push(BridgeClient.connect(endpoint, options.socket, options.keys))
    } catch (error) {
      for (const client of clients) client.close()
      throw error
    }
    this.#sources = clients.map((client, i) => ({
      ...{ client, endpoint: options.endpoints[i] ?? '' },
      ...{ messages: 0, bytes: 0, lastAt: undefined },
    }))
    this.#done = Promise.all(this.#sources.map(source => this.#read(source)))
  }

  get sources(): SourceStatus[] {
    const { socket } = this.#options
    return this.#sources.map(({ endpoint, messages, bytes, lastAt }) => ({
      ...{ endpoint, socket, messages, bytes },
      ...(lastAt !== undefined && { lastAt }),
    }))
  }

  /** When the last message came, ms since 1970. */
  get lastAt(): number | undefined {
    const times = this.#sources.flatMap(({ lastAt }) => (lastAt === undefined ? [] : [lastAt]))
    return times.length > 0 ? Math.max(...times) : undefined
  }

  /** Ends it; a message that is being taken is waited for. */
  async close(): Promise<void> {
    for (const { client } of this.#sources) client.close()
    await this.#done
  }

  async #read(source: Source): Promise<void> {
    const { take, fail } = this.#options
    try {
      for (;;) {
        const frames = await source.client.next()
        if (frames === undefined) return
        source.messages++
        source.bytes += frames.reduce((sum, { byteLength }) => sum + byteLength, 0)
        source.lastAt = Date.now()
        await take(frames, source.endpoint)
      }
    } catch (error) {
      fail(source.endpoint, error)
    }
  }
}
