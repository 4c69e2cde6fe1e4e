import { Reply } from 'zeromq'
import { z85 } from './z85.js'

/** Told of who was refused: the address, and the public key that was shown. */
type Refused = (address: string, key: string) => void

interface Door {
  readonly clients: ReadonlySet<string>
  readonly onRefused: Refused
}

/** Where libzmq asks, in this process (rfc.zeromq.org/spec/27, ZAP). */
const ENDPOINT = 'inproc://zeromq.zap.01'
const MOST_TRIES = 100

/**
 * Answers libzmq when a client has proved that it owns a key: only those that are named come in. One socket answers for all
 * servers of a process, and is there while there is one.
 */
class ClientDoors {
  readonly #doors = new Map<string, Door>()
  #socket: Reply | undefined
  #opening: Promise<void> | undefined
  #count = 0

  /** Gives the domain by which a server asks; it must be closed. */
  async open(clients: readonly string[], onRefused: Refused): Promise<string> {
    const domain = `detcal-${this.#count++}`
    this.#doors.set(domain, { clients: new Set(clients), onRefused })
    this.#opening ??= this.#listen()
    await this.#opening
    return domain
  }

  close(domain: string): void {
    this.#doors.delete(domain)
    if (this.#doors.size > 0) return
    this.#socket?.close()
    this.#socket = undefined
    this.#opening = undefined
  }

  async #listen(): Promise<void> {
    const socket = new Reply({ linger: 0 })
    // The name of a socket that was closed is free a moment later.
    for (let tries = 0; ; tries++)
      try {
        await socket.bind(ENDPOINT)
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === MOST_TRIES) throw error
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    this.#socket = socket
    void this.#answer(socket).catch(error => {
      if (!socket.closed) throw error
    })
  }

  async #answer(socket: Reply): Promise<void> {
    for (;;) {
      const [version, id, domain, address, , mechanism, key] = await socket.receive()
      const door = this.#doors.get(String(domain))
      const shown = key?.byteLength === 32 ? z85(key) : ''
      const welcome = String(mechanism) === 'CURVE' && door?.clients.has(shown) === true
      await socket.send([version ?? '1.0', id ?? '', welcome ? '200' : '400', '', '', ''])
      if (!welcome) door?.onRefused(String(address), shown)
    }
  }
}

export const clientDoors = new ClientDoors()
