import type { QueueMessage } from '../../jobs/protocol.js'
import { createStore } from '../store.js'

/** Whether the page hears the service. */
export type LinkState = 'connecting' | 'open' | 'lost'

export const serviceLink = createStore<LinkState>('connecting')
export const queue = createStore<QueueMessage | undefined>(undefined)

/** ms between attempts. */
const RETRY = 1000
/** ms: a service that says nothing for so long is not there, whatever the network believes. */
const SILENCE = 15_000

/** Follows the queue, and again whenever the connection is lost. */
export function followQueue(): void {
  const source = new EventSource('/api/events')
  const end = (): void => {
    clearTimeout(patience)
    source.close()
    serviceLink.set('lost')
    setTimeout(followQueue, RETRY)
  }
  let patience = setTimeout(end, SILENCE)
  const heard = (): void => {
    clearTimeout(patience)
    patience = setTimeout(end, SILENCE)
    if (serviceLink.get() !== 'open') serviceLink.set('open')
  }
  source.addEventListener('alive', heard)
  source.addEventListener('queue', ({ data }: MessageEvent<string>) => {
    heard()
    queue.set(JSON.parse(data) as QueueMessage)
  })
  // The browser would try again by itself, but not after every failure.
  source.addEventListener('error', end)
}
