import { Publisher } from 'zeromq'
import type { JobQueue } from './queue.js'
import type { QueuedEvent } from './queued.js'
import { bound, requireClosed, type SocketDoor } from './reply-socket.js'

/** Events that are sent at a time. */
const BATCH = 100

/** Publishes events: two frames each, the event's name and its JSON. */
export class EventSocket {
  readonly endpoint: string
  readonly #socket: Publisher

  private constructor(socket: Publisher, endpoint: string) {
    this.#socket = socket
    this.endpoint = endpoint
  }

  /**
   * @param door lets those in alone whose keys are known; absent: everybody.
   * @throws UsageError if the endpoint cannot be bound, or is without a door and other machines would reach it.
   */
  static async bind(endpoint: string, door?: SocketDoor): Promise<EventSocket> {
    requireClosed(endpoint, '--publish', door)
    const socket = new Publisher({ linger: 1000, ...door })
    await bound(socket, endpoint)
    return new EventSocket(socket, socket.lastEndpoint ?? endpoint)
  }

  async send({ name, body }: QueuedEvent): Promise<void> {
    await this.#socket.send([name, body])
  }

  close(): void {
    this.#socket.close()
  }
}

/** Sends the queue's events that were not sent. A service that is killed in between sends them again when it is back. */
export async function flushEvents(
  queue: JobQueue,
  send: (event: QueuedEvent) => Promise<void>,
): Promise<void> {
  for (;;) {
    const events = queue.events(BATCH)
    for (const event of events) await send(event)
    const last = events.at(-1)
    if (last === undefined) return
    queue.published(last.id)
  }
}
