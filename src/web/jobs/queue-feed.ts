import { queueStatus } from '../../jobs/job-status.js'
import type { JobQueue } from '../../jobs/queue.js'
import type { QueueMessage } from './protocol.js'

/** The queue as pages see it: told anew whenever it has changed, once for all of them. */
export interface QueueFeed {
  /** The newest state, as JSON. */
  newest(): string
  /** Calls `listener` with each newer state. @returns ends it. */
  follow(listener: (text: string) => void): () => void
  /** Looks now whether there is a newer one. */
  look(): void
  size(): number
  close(): void
}

/** The latest requests that are told; what is older, `detcal jobs status` tells. */
const SHOWN = 200
const LOOK_EVERY = 300

/** Follows a queue. @param version which build serves. @param fail is told when the queue could not be read. */
export function openQueueFeed(queue: JobQueue, version: string, fail: (error: unknown) => void): QueueFeed {
  const listeners = new Set<(text: string) => void>()
  let seen = Number.NaN
  let text = ''

  const read = (): string => {
    const message: QueueMessage = { ...queueStatus(queue, { limit: SHOWN }), version }
    return JSON.stringify(message)
  }
  const look = (): void => {
    try {
      const now = read()
      if (now === text) return
      text = now
      for (const listener of listeners) listener(text)
    } catch (error) {
      fail(error)
    }
  }
  // What others have changed; what this connection changes is looked at by whoever does.
  const tick = setInterval(() => {
    if (listeners.size === 0) return
    try {
      const version = queue.version()
      if (version === seen) return
      seen = version
    } catch (error) {
      fail(error)
      return
    }
    look()
  }, LOOK_EVERY)
  tick.unref()
  return {
    newest: () => {
      look()
      return text
    },
    follow: listener => {
      const own = (now: string): void => listener(now)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    look,
    size: () => listeners.size,
    close: () => clearInterval(tick),
  }
}
