/** Identity of one attempt of a task on a slot. */
export interface Assignment {
  readonly id: number
  readonly epoch: number
  readonly lane: number
  readonly slot: number
}
