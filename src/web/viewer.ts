import type { WebSocket } from 'ws'
import { UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'
import type { View } from '../online/live.js'
import type { Feed } from './feed.js'
import { PAGE_MESSAGE } from './messages.js'
import type { PictureOf, RefusalMessage } from './protocol.js'

/** Bytes that may wait in a socket before nothing more is given to it. */
const MAX_BUFFERED = 1 << 20
/** Pictures sent and not drawn yet: one is on its way while another is drawn. */
const MAX_UNSHOWN = 2

export interface ViewerCounts {
  /** Pictures that were sent, and newer ones that were passed over because a page was busy. */
  sent: number
  skipped: number
}

/** One page that looks on. Of pictures it gets the newest when it can take one; nothing is queued for it. */
export interface Viewer {
  /** Sends `text` unless the socket is busy: what comes next says it all again. */
  tell(text: string): void
  receive(text: string): void
  close(): void
}

export function openViewer(socket: WebSocket, feedOf: (view: View) => Feed, counts: ViewerCounts): Viewer {
  const unshown = new Set<number>()
  let feed: Feed | undefined
  let module: PictureOf = 'all'
  let last = 0
  let leave = (): void => {}

  const busy = (): boolean => unshown.size >= MAX_UNSHOWN || socket.bufferedAmount > MAX_BUFFERED
  const open = (): boolean => socket.readyState === socket.OPEN

  // Those that were sent before have come before: the page passed over what it had no time to draw.
  const drawn = (picture: number): void => {
    if (!unshown.has(picture)) return
    for (const earlier of unshown) {
      unshown.delete(earlier)
      if (earlier === picture) return
    }
  }
  const offer = (): void => {
    const picture = feed?.newest() ?? 0
    if (feed === undefined || picture === last || busy() || !open()) return
    const message = feed.message(module)
    if (message === undefined) return
    last = picture
    unshown.add(picture)
    counts.sent++
    socket.send(message, { binary: true }, offer)
  }
  const look = (): void => {
    if (busy()) counts.skipped++
    offer()
  }

  return {
    tell: text => {
      if (open() && socket.bufferedAmount <= MAX_BUFFERED) socket.send(text)
    },
    receive: text => {
      try {
        const message = shaped(PAGE_MESSAGE, jsonOf(text), what => new UsageError(what))
        if (message.type === 'shown') drawn(message.picture)
        else {
          const { layer, frame } = message
          const next = feedOf({ layer, frame })
          const end = next.follow(look)
          // Only now: a feed that somebody follows all the time still has its newest picture.
          leave()
          ;[module, last, feed, leave] = [message.module, 0, next, end]
        }
        offer()
      } catch (error) {
        const refusal: RefusalMessage = { type: 'refused', message: (error as Error).message }
        if (open()) socket.send(JSON.stringify(refusal))
      }
    },
    close: () => leave(),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('it is not JSON')
  }
}
