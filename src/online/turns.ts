/** Work that is done one after the other, in the order in which it was given, whether that before failed or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work` does, once its turn has come. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}
