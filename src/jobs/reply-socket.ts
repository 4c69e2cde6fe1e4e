import { Reply } from 'zeromq'
import { isLoopback, parseEndpoint } from '../bridge/endpoint.js'
import type { curveLock } from '../bridge/server.js'
import { errorText, isDetcalError, UsageError } from '../model/errors.js'
import { type JobMessage, parseMessage } from './message.js'
import type { JobReply } from './submit.js'

/** Frames above this are not even received: the transport ends the connection. */
const MOST_FRAME_BYTES = 2 ** 20

/** Answers the messages of clients, which connect with REQ. */
export class ReplySocket {
  readonly endpoint: string
  readonly #socket: Reply
  readonly #done: Promise<void>

  private constructor(socket: Reply, endpoint: string, answer: (message: JobMessage) => JobReply) {
    this.#socket = socket
    this.endpoint = endpoint
    this.#done = this.#serve(answer)
  }

  /**
   * @param door lets those in alone whose keys are known; absent: everybody.
   * @throws UsageError if the endpoint cannot be bound, or is without a door and other machines would reach it.
   */
  static async bind(
    endpoint: string,
    answer: (message: JobMessage) => JobReply,
    door?: SocketDoor,
  ): Promise<ReplySocket> {
    requireClosed(endpoint, '--bind', door)
    const socket = new Reply({ maxMessageSize: MOST_FRAME_BYTES, linger: 1000, ...door })
    await bound(socket, endpoint)
    return new ReplySocket(socket, socket.lastEndpoint ?? endpoint, answer)
  }

  async close(): Promise<void> {
    this.#socket.close()
    await this.#done
  }

  async #serve(answer: (message: JobMessage) => JobReply): Promise<void> {
    try {
      for await (const frames of this.#socket)
        await this.#socket.send(JSON.stringify(replyTo(frames, answer)))
    } catch (error) {
      // A closed socket ends what waits on it.
      if (!this.#socket.closed) throw error
    }
  }
}

/** The answer to any message: whoever sends nonsense is told so, and nobody ends the service. */
function replyTo(frames: readonly Uint8Array[], answer: (message: JobMessage) => JobReply): JobReply {
  try {
    const [frame, ...more] = frames
    if (frame === undefined || more.length > 0) throw new UsageError('expected a message of one frame')
    return answer(parseMessage(frame))
  } catch (error) {
    return { status: 'rejected', reason: isDetcalError(error) ? errorText(error) : 'internal error' }
  }
}

/** @throws UsageError if the endpoint cannot be bound. */
export async function bound(
  socket: { bind(endpoint: string): Promise<void>; close(): void },
  endpoint: string,
): Promise<void> {
  try {
    await socket.bind(endpoint)
  } catch (error) {
    socket.close()
    throw new UsageError(`${endpoint} cannot be bound: ${(error as Error).message}`, {
      hint: 'Name an address of this machine and a port that is free: tcp://127.0.0.1:5555',
      cause: error,
    })
  }
}

/** Options of a socket that lets those in alone who have a key that is known. */
export type SocketDoor = ReturnType<typeof curveLock>

/** @throws UsageError if programs of other machines would reach an endpoint that has no door. */
export function requireClosed(endpoint: string, option: string, door: SocketDoor | undefined): void {
  if (isLoopback(parseEndpoint(endpoint, option)) || door !== undefined) return
  throw new UsageError(`${option} ${endpoint} would be open to other machines, and nothing tells who asks`, {
    hint: 'Bind 127.0.0.1, or let those in alone whose keys you know: --curve-keys',
  })
}
