import { Publisher, Push, Reply, Router } from 'zeromq'
import { UsageError } from '../model/errors.js'
import { clientDoors } from './client-door.js'
import type { CurveKeys } from './curve-keys.js'
import { LOOK_AGAIN, patiently } from './patience.js'
import { TrainQueue, type WhenFull } from './train-queue.js'

/** Sockets of a server; clients connect with REQ (or DEALER), SUB, PULL, DEALER. */
export const SERVER_SOCKETS = ['REP', 'PUB', 'PUSH', 'ROUTER'] as const
export type ServerSocket = (typeof SERVER_SOCKETS)[number]

export interface BridgeServerOptions {
  readonly socket: ServerSocket
  /** `tcp://127.0.0.1:4545`, or `tcp://127.0.0.1:*` for a free port. */
  readonly endpoint: string
  /** What becomes of a train while all before it still wait to be sent. */
  readonly whenFull: WhenFull
  /** Trains that wait at most. Default 1, as the facility's servers have it. */
  readonly queue?: number
  /** Told of each message that the transport has taken: what was given to {@link BridgeServer.send}. */
  readonly onSent?: (frames: readonly Uint8Array[]) => void
  /** Messages are encrypted, and only clients that are named get any. Absent: whoever connects does. */
  readonly security?: ServerSecurity | undefined
}

/** Who may read from a server. */
export interface ServerSecurity {
  readonly keys: CurveKeys
  /** Told of who was not let in: by address and public key. */
  readonly onRefused: (address: string, key: string) => void
}

export interface BridgeServerCounts {
  readonly sent: number
  readonly dropped: number
  /** Requests that were not `next`. */
  readonly refused: number
}

const NEXT = 'next'
/** Bytes of a request; whoever sends more is cut off. */
const LONGEST_REQUEST = 4096

/**
 * Serves messages of trains to the facility's bridge clients. A message's frames are sent without a copy and must stay as
 * they are: whoever reuses their memory sends copies.
 */
export class BridgeServer {
  readonly #socket: Reply | Publisher | Push | Router
  readonly #queue: TrainQueue<readonly Uint8Array[]>
  readonly #done: Promise<void>
  /** Where clients connect: the endpoint with its port. */
  readonly endpoint: string
  readonly #onSent: BridgeServerOptions['onSent']
  readonly #domain: string | undefined
  /** Those who wait until nothing is queued. */
  readonly #idlers: (() => void)[] = []
  #accepted = 0
  #sent = 0
  #unsent = 0
  #refused = 0

  private constructor(
    socket: Reply | Publisher | Push | Router,
    options: BridgeServerOptions,
    domain: string | undefined,
  ) {
    this.#socket = socket
    this.#domain = domain
    this.endpoint = socket.lastEndpoint ?? options.endpoint
    this.#queue = new TrainQueue(options.queue ?? 1, options.whenFull)
    this.#onSent = options.onSent
    this.#done = this.#serve().catch(error => {
      // A closed socket ends what waits on it.
      if (!socket.closed) throw error
    })
  }

  /** @throws UsageError if the endpoint cannot be bound, or no client may read from it. */
  static async bind(options: BridgeServerOptions): Promise<BridgeServer> {
    const domain = await doorOf(options)
    const limits = {
      ...{ sendHighWaterMark: 1, linger: 0, sendTimeout: LOOK_AGAIN },
      ipv6: options.endpoint.includes('['),
      ...(options.security && domain !== undefined && curveLock(options.security.keys, domain)),
    }
    const requests = {
      ...{ maxMessageSize: LONGEST_REQUEST, receiveTimeout: LOOK_AGAIN },
      // Beyond its mark such a socket drops a reply without a word, and on a busy machine it may learn too late that the last one
      // has gone. Clients bound it: each asks for one train at a time, or for as many as it wants.
      sendHighWaterMark: 0,
    }
    const socket = {
      REP: () => new Reply({ ...limits, ...requests }),
      PUB: () => new Publisher(limits),
      PUSH: () => new Push(limits),
      ROUTER: () => new Router({ ...limits, ...requests }),
    }[options.socket]()
    try {
      await socket.bind(options.endpoint)
    } catch (error) {
      socket.close()
      if (domain !== undefined) clientDoors.close(domain)
      throw new UsageError(`${options.endpoint} cannot be bound: ${(error as Error).message}`, {
        hint: 'Name an address of this machine and a port that is free: tcp://127.0.0.1:4545',
        cause: error,
      })
    }
    return new BridgeServer(socket, options, domain)
  }

  get counts(): BridgeServerCounts {
    return { sent: this.#sent, dropped: this.#queue.dropped + this.#unsent, refused: this.#refused }
  }

  /** Takes a train's message; resolves when it is queued, which waits for room if the policy says so. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    this.#accepted++
    await this.#queue.put(frames)
    this.#tellIdlers()
  }

  /** Resolves when the transport has taken all that was given to it, but for what was dropped; or when it is closed. */
  async idle(): Promise<void> {
    if (this.#isIdle) return
    await Promise.race([this.#done, new Promise<void>(resolve => this.#idlers.push(resolve))])
  }

  /**
   * Closes the socket, once what is queued was sent, where somebody takes it within `patience` ms (Infinity: however long
   * it takes). Whatever the transport has by then goes out in the background, for as long once more.
   */
  async close(patience = 0): Promise<void> {
    this.#queue.end()
    const timeout = new Promise(resolve => {
      if (patience !== Infinity) setTimeout(resolve, patience).unref()
    })
    await Promise.race([this.idle(), timeout])
    if (!this.#socket.closed) {
      this.#socket.linger = patience === Infinity ? -1 : patience
      this.#socket.close()
    }
    if (this.#domain !== undefined) clientDoors.close(this.#domain)
    await this.#done
    this.#queue.clear()
  }

  get #isIdle(): boolean {
    return this.#sent + this.#queue.dropped >= this.#accepted
  }

  async #serve(): Promise<void> {
    for (;;) {
      const reply = await this.#request()
      const frames = await this.#queue.take()
      if (frames === undefined) return
      await reply(frames).catch(error => {
        this.#unsent++
        throw error
      })
      this.#sent++
      this.#onSent?.(frames)
      this.#tellIdlers()
    }
  }

  #tellIdlers(): void {
    if (this.#isIdle) for (const idler of this.#idlers.splice(0)) idler()
  }

  /** Waits until someone asks for a train, where clients ask; gives the way to answer. */
  async #request(): Promise<(frames: readonly Uint8Array[]) => Promise<void>> {
    const socket = this.#socket
    if (socket instanceof Publisher || socket instanceof Push)
      return frames => patiently(socket, () => socket.send([...frames]))
    for (;;) {
      const parts = await patiently(socket, () => socket.receive())
      const asked = parts.at(-1)?.toString() ?? ''
      // A router's client is named by what comes before the request: its id, and an empty frame of REQ.
      const envelope = socket instanceof Router ? parts.slice(0, -1) : []
      const answer = (frames: readonly (Uint8Array | string)[]) =>
        patiently(socket, () => socket.send([...envelope, ...frames]))
      if (asked === NEXT) return answer
      this.#refused++
      await answer([`Error: bad request ${asked.slice(0, 80)}`])
    }
  }
}

/** The domain by which libzmq asks who may come in. @throws UsageError if nobody may. */
async function doorOf({ endpoint, security }: BridgeServerOptions): Promise<string | undefined> {
  if (security === undefined) return undefined
  const { keys, onRefused } = security
  if (keys.clients.length === 0)
    throw new UsageError(`nobody may read from ${endpoint}: the file of keys names no clients`, {
      hint: 'Add the public keys of those who may to its clients',
    })
  return clientDoors.open(keys.clients, onRefused)
}

/** With the domain enforced, nobody comes in where nobody answers. */
export function curveLock({ secretKey }: CurveKeys, zapDomain: string) {
  return { curveServer: true, curveSecretKey: secretKey, zapDomain, zapEnforceDomain: true }
}
