/** Why no device is used: there is none, or what there is must not be used. Nothing is wrong with the data. */
export class DeviceRefusedError extends Error {
  override name = 'DeviceRefusedError'
  /** What to do next, an imperative sentence without the final stop. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
