/** Counts what is in flight; `drained` resolves when it is closed and the last has left. */
export class InFlight {
  readonly drained: Promise<void>
  #count = 1
  #resolve: () => void = () => {}

  constructor() {
    this.drained = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  enter(): void {
    this.#count++
  }

  leave(): void {
    if (--this.#count === 0) this.#resolve()
  }

  /** Nothing enters any more. */
  close(): void {
    this.leave()
  }
}
