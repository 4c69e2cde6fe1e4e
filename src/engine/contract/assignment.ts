import type { LaneHandle } from '../../memory/lane.js'

/** One attempt of a task: the slot and the thread it has, and its run's stop word. Plain data, posted with the task. */
export interface Assignment {
  /** Number of the attempt, unique in the process. */
  readonly id: number
  /** How many attempts of the same job died before it. */
  readonly epoch: number
  readonly lane: LaneHandle
  readonly slot: number
  readonly thread: number
  /** One word in shared memory: not zero asks every task of the run to stop at its next tile. */
  readonly stop: Int32Array
}
