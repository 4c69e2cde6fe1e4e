import { setImmediate as turn } from 'node:timers/promises'

/**
 * Resolves when the dispatcher has handed out what it can: it does so in the microtasks behind each finished job. The main
 * thread's own slow work, such as declaring a file, comes after that, while the threads are busy.
 */
export function afterDispatch(): Promise<void> {
  return turn()
}
