import type { RefusalMessage, ShownMessage, StatusMessage, ViewMessage } from '../protocol.js'
import { decodePicture, type Picture } from './decode.js'
import { createStore } from './store.js'

/** What the page knows of its way to the service. */
export interface Connection {
  readonly state: 'connecting' | 'open' | 'lost'
  /** When the state began, ms since 1970. */
  readonly since: number
  /** How long it was lost before it was open again, ms. */
  readonly lostFor?: number
}

/** ms between attempts: a service that starts again is found well within three seconds. */
const RETRY = 1000
/** ms: an attempt that nobody answers is given up. */
const PATIENCE = 5000
/** ms: a server that says nothing for so long is not there, whatever the network believes. */
const SILENCE = 15_000

export const connection = createStore<Connection>({ state: 'connecting', since: Date.now() })
export const status = createStore<StatusMessage['status'] | undefined>(undefined)
export const picture = createStore<Picture | undefined>(undefined)
export const refusal = createStore<string | undefined>(undefined)

let socket: WebSocket | undefined
let wanted: ViewMessage = { type: 'view', layer: 'corrected', frame: 'mean', module: 'all' }

/** Asks for pictures of a view; after a new connection it is asked for again. */
export function show(view: Omit<ViewMessage, 'type'>): void {
  wanted = { type: 'view', ...view }
  say(wanted)
}

/** Tells that a picture is on the screen, so that the next may come. */
export function acknowledge(number: number): void {
  say({ type: 'shown', picture: number })
}

function say(message: ViewMessage | ShownMessage): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

/** Connects, and connects again whenever the connection is lost. */
export function connect(): void {
  const address = new URL('/live', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  const own = new WebSocket(address)
  own.binaryType = 'arraybuffer'
  socket = own
  let ended = false
  const end = (): void => {
    if (ended) return
    ended = true
    clearTimeout(patience)
    own.close()
    const { state } = connection.get()
    if (state !== 'lost') connection.set({ state: 'lost', since: Date.now() })
    setTimeout(connect, RETRY)
  }
  let patience = setTimeout(end, PATIENCE)
  const heard = (): void => {
    clearTimeout(patience)
    patience = setTimeout(end, SILENCE)
  }
  own.addEventListener('open', () => {
    heard()
    const { state, since } = connection.get()
    const now = Date.now()
    connection.set({ state: 'open', since: now, ...(state === 'lost' && { lostFor: now - since }) })
    say(wanted)
  })
  own.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
    heard()
    if (typeof data === 'string') hear(data)
    else picture.set(decodePicture(data))
  })
  own.addEventListener('close', end)
}

function hear(text: string): void {
  // JSON has no NaN: it travels as null, and nothing else is null.
  const message = JSON.parse(text, (_, value) => (value === null ? Number.NaN : value)) as
    | StatusMessage
    | RefusalMessage
  if (message.type === 'status') status.set(message.status)
  else refusal.set(message.message)
}
