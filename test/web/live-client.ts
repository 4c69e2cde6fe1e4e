import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodePicture, type Picture } from '../../src/web/page/decode.js'
import type { RefusalMessage, ShownMessage, StatusMessage, ViewMessage } from '../../src/web/protocol.js'

/** A page without a browser: keeps all that it is told. */
export interface LiveClient {
  readonly socket: WebSocket
  readonly pictures: Picture[]
  readonly texts: (StatusMessage | RefusalMessage)[]
  say(message: ViewMessage | ShownMessage): void
  /** Resolves when `enough` says so, asked after each message. */
  until(enough: () => boolean): Promise<void>
}

export async function liveClient(address: string, headers: Record<string, string> = {}): Promise<LiveClient> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/live`, { headers })
  socket.binaryType = 'arraybuffer'
  const [pictures, texts]: [Picture[], (StatusMessage | RefusalMessage)[]] = [[], []]
  socket.on('message', (data, isBinary) => {
    if (isBinary) pictures.push(decodePicture(data as ArrayBuffer))
    else texts.push(JSON.parse(Buffer.from(data as ArrayBuffer).toString()))
  })
  await once(socket, 'open')
  return {
    ...{ socket, pictures, texts },
    say: message => socket.send(JSON.stringify(message)),
    until: async enough => {
      while (!enough()) await once(socket, 'message')
    },
  }
}
