import { afterDispatch } from '../threads/after-dispatch.js'

/**
 * Opens things one ahead of their use: the slow work of the main thread is done while the threads are busy with what came
 * before.
 */
export class OpenAhead<Key extends object, Opened> {
  readonly #open: (key: Key) => Promise<Opened>
  #ahead: { readonly key: Key; readonly opened: Promise<Opened> } | undefined

  /** @param open must not throw: what goes wrong is part of what it returns. */
  constructor(open: (key: Key) => Promise<Opened>) {
    this.#open = open
  }

  /** Begins to open what is due next, as soon as the threads have work, unless that was begun. Nothing else may be ahead. */
  prepare(key: Key | undefined): void {
    if (key === undefined || this.#ahead?.key === key) return
    this.#ahead = { key, opened: afterDispatch().then(() => this.#open(key)) }
  }

  /** What `key` stands for: opened already, or now. */
  take(key: Key): Promise<Opened> {
    const ahead = this.#ahead
    if (ahead?.key !== key) return this.#open(key)
    this.#ahead = undefined
    return ahead.opened
  }

  /** What is ahead and will not be used. */
  async rest(): Promise<Opened | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead?.opened
  }
}
