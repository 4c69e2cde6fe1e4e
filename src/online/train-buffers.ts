/** Bytes of a train's results, and views that were made of them. */
export interface TrainBuffer {
  readonly buffer: SharedArrayBuffer
  /** Bytes to be handed to a transport: the buffer is used again only when all views of it are gone. */
  view(offset: number, bytes: number): Uint8Array
  /** Nobody but the holders of views uses it any more. */
  release(): void
}

/** Buffers in use at which views become copies: trains in flight, and those that the collector usually lags behind. */
const MOST_IN_USE = 8

/**
 * Memory that trains' results are written into and sent from, without a copy.
 *
 * ZeroMQ sends from the memory that it is given and does not tell when it has done so; it only drops its reference. So a
 * buffer is used again when the garbage collector has found all views on it unreachable. What is received is memory of the
 * same kind, so that with large trains it runs every few of them; with small ones it seldom does. Where many buffers wait for
 * it, a view is a copy, which is memory that the collector counts itself.
 */
export class TrainBuffers {
  readonly #free: SharedArrayBuffer[] = []
  readonly #users = new Map<SharedArrayBuffer, number>()
  readonly #gone = new FinalizationRegistry<SharedArrayBuffer>(buffer => this.#leave(buffer))
  #bytes = 0

  /** Buffers that there are. */
  get count(): number {
    return this.#users.size
  }

  /** A buffer of `bytes`; its content is what an earlier train left. */
  take(bytes: number): TrainBuffer {
    if (bytes !== this.#bytes) this.#resize(bytes)
    const buffer = this.#free.pop() ?? new SharedArrayBuffer(bytes)
    this.#users.set(buffer, 1)
    let released = false
    return {
      buffer,
      view: (offset, length) => {
        if (this.#users.size - this.#free.length > MOST_IN_USE)
          return Buffer.from(new Uint8Array(buffer, offset, length))
        const view = Buffer.from(buffer, offset, length)
        this.#users.set(buffer, (this.#users.get(buffer) ?? 0) + 1)
        this.#gone.register(view, buffer)
        return view
      },
      release: () => {
        if (!released) this.#leave(buffer)
        released = true
      },
    }
  }

  /** Trains of another size come: buffers that are free go, those in use go when they are. */
  #resize(bytes: number): void {
    this.#bytes = bytes
    for (const buffer of this.#free.splice(0)) this.#users.delete(buffer)
  }

  #leave(buffer: SharedArrayBuffer): void {
    const users = (this.#users.get(buffer) ?? 1) - 1
    if (users > 0) this.#users.set(buffer, users)
    else if (buffer.byteLength === this.#bytes) {
      this.#users.set(buffer, 0)
      this.#free.push(buffer)
    } else this.#users.delete(buffer)
  }
}
