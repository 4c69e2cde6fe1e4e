import type { Server } from 'node:http'
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server'
import type { Hono } from 'hono'
import { WebSocketServer } from 'ws'
import { listenAt, type parseHttp } from './listen.js'

/** A server that listens. */
export interface HttpServer {
  /** `http://127.0.0.1:8080` */
  readonly address: string
  /** Ends it, and whatever is connected. */
  close(): Promise<void>
}

/** Pages do not say more than this at once. */
const MAX_MESSAGE = 4096
const MAX_CONNECTIONS = 256

/** Serves an app. @throws UsageError if the address cannot be listened on. */
export async function serveHttp(
  app: Hono,
  at: ReturnType<typeof parseHttp> | undefined,
): Promise<HttpServer> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE })
  // Its declaration is narrower than what it is given; it is made for this library.
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: 5000, requestTimeout: 10_000, maxHeaderSize: 8192 },
    websocket: { server: sockets as unknown as WebSocketServerLike },
  }) as Server
  server.maxConnections = MAX_CONNECTIONS
  const address = await listenAt(server, at)
  return {
    address,
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
