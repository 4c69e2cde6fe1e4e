import { Pull, Request, Subscriber } from 'zeromq'
import { UsageError } from '../model/errors.js'
import { type CurveKeys, serverKeyOf } from './curve-keys.js'
import { LOOK_AGAIN, patiently } from './patience.js'

/** Sockets of a client, by what the server binds: REP or ROUTER, PUB, PUSH. */
export const CLIENT_SOCKETS = ['REQ', 'SUB', 'PULL'] as const
export type ClientSocket = (typeof CLIENT_SOCKETS)[number]

/**
 * A host that vanishes says nothing: a link is given up when for ten seconds neither what was sent (ms) nor what is asked for when
 * nothing is sent (s) was acknowledged. It is the system's own means, which is not disturbed by a message that takes long.
 */
const KEEP_ALIVE = {
  tcpKeepalive: 1,
  tcpKeepaliveIdle: 5,
  tcpKeepaliveInterval: 1,
  tcpKeepaliveCount: 5,
  tcpMaxRetransmitTimeout: 10_000,
}

/** Reads messages of trains from a bridge; reconnects by itself when the server goes and comes back. */
export class BridgeClient {
  readonly #socket: Request | Subscriber | Pull
  /** A request was sent and not yet answered. */
  #asked = false

  private constructor(socket: Request | Subscriber | Pull) {
    this.#socket = socket
    if (socket instanceof Request) this.#askAgain(socket)
  }

  /** A server that was asked and went never answers: it is asked once more when it, or its successor, is there. */
  #askAgain(socket: Request): void {
    let gone = false
    socket.events.on('disconnect', () => {
      gone = true
    })
    socket.events.on('handshake', () => {
      // Fails if the socket was closed meanwhile, and whoever waits is told then.
      if (gone && this.#asked) socket.send('next').catch(() => {})
      gone = false
    })
  }

  /**
   * @param keys encrypt and prove who speaks, where they hold one of that endpoint.
   * @throws UsageError if the endpoint is not one.
   */
  static connect(endpoint: string, socket: ClientSocket, keys?: CurveKeys): BridgeClient {
    const limits = {
      ...{ receiveHighWaterMark: 1, linger: 0, receiveTimeout: LOOK_AGAIN },
      ipv6: endpoint.includes('['),
      ...KEEP_ALIVE,
      ...(keys && securityOf(keys, endpoint)),
    }
    const make = {
      REQ: () => new Request({ ...limits, relaxed: true, correlate: false }),
      SUB: () => new Subscriber(limits),
      PULL: () => new Pull(limits),
    }[socket]
    let made: Request | Subscriber | Pull | undefined
    try {
      made = make()
      made.connect(endpoint)
      if (made instanceof Subscriber) made.subscribe()
      return new BridgeClient(made)
    } catch (error) {
      made?.close()
      throw new UsageError(`${endpoint} cannot be read: ${(error as Error).message}`, {
        hint: 'Write it like tcp://host:port, and allow enough open files: ulimit -n',
        cause: error,
      })
    }
  }

  /** The frames of the next train; undefined once the client is closed. */
  async next(): Promise<Uint8Array[] | undefined> {
    const socket = this.#socket
    try {
      if (socket instanceof Request && !this.#asked) {
        await socket.send('next')
        this.#asked = true
      }
      const frames = await patiently(socket, () => socket.receive())
      this.#asked = false
      return frames
    } catch (error) {
      if (socket.closed) return undefined
      throw error
    }
  }

  close(): void {
    if (!this.#socket.closed) this.#socket.close()
  }
}

function securityOf(keys: CurveKeys, endpoint: string) {
  const curveServerKey = serverKeyOf(keys, endpoint)
  if (curveServerKey === undefined) return {}
  return { curveServerKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey }
}
