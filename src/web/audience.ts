import { upgradeWebSocket } from '@hono/node-server'
import type { Handler } from 'hono'
import type { WebSocket } from 'ws'
import type { LiveService, View } from '../online/live.js'
import type { Feed } from './feed.js'
import type { StatusMessage } from './protocol.js'
import { openViewer, type Viewer, type ViewerCounts } from './viewer.js'

/** Pages that may look on at once. */
const MAX_VIEWERS = 32
const STATUS_EVERY = 500
/** A page that has not answered a ping by the next one is gone: its network is, without a word. */
const PING_EVERY = 15_000

/** All pages that look on: who they are, and what every one of them is told. */
export interface Audience {
  readonly counts: ViewerCounts
  size(): number
  /** The handler of the WebSocket's path. */
  readonly handler: Handler
  /** Tells all pages the status now. */
  tell(): void
  close(): void
}

/** @param observe is called about twice a second, before the pages are told. */
export function openAudience(
  service: LiveService,
  feedOf: (view: View) => Feed,
  observe: () => void,
): Audience {
  const viewers = new Map<WebSocket, Viewer>()
  const answered = new Set<WebSocket>()
  const counts = { sent: 0, skipped: 0 }

  const statusText = (): string =>
    JSON.stringify({ type: 'status', status: service.status() } satisfies StatusMessage)
  const tell = (): void => {
    if (viewers.size === 0) return
    const text = statusText()
    for (const viewer of viewers.values()) viewer.tell(text)
  }
  const tick = setInterval(() => {
    observe()
    tell()
  }, STATUS_EVERY)
  const ping = setInterval(() => {
    for (const socket of viewers.keys())
      if (answered.delete(socket)) socket.ping()
      else socket.terminate()
  }, PING_EVERY)
  for (const timer of [tick, ping]) timer.unref()

  const enter = (socket: WebSocket): void => {
    const viewer = openViewer(socket, feedOf, counts)
    viewers.set(socket, viewer)
    answered.add(socket)
    socket.on('pong', () => answered.add(socket))
    viewer.tell(statusText())
  }
  const leave = (socket: WebSocket | undefined): void => {
    if (socket === undefined) return
    viewers.get(socket)?.close()
    viewers.delete(socket)
    answered.delete(socket)
  }
  const upgrade = upgradeWebSocket(() => ({
    onOpen: (_, { raw }) => enter(raw as WebSocket),
    onMessage: ({ data }, { raw }) => viewers.get(raw as WebSocket)?.receive(String(data)),
    onClose: (_, { raw }) => leave(raw as WebSocket | undefined),
  }))

  return {
    counts,
    size: () => viewers.size,
    handler: (context, next) =>
      viewers.size < MAX_VIEWERS
        ? upgrade(context, next)
        : context.text(`${MAX_VIEWERS} pages look on already: close one of them\n`, 503),
    tell,
    close: () => {
      for (const timer of [tick, ping]) clearInterval(timer)
      for (const [socket, viewer] of viewers) {
        viewer.close()
        socket.close(1001, 'the service ends')
        // A page that does not take leave in a moment is cut off.
        const cut = setTimeout(() => socket.terminate(), 200)
        socket.once('close', () => clearTimeout(cut))
      }
    },
  }
}
