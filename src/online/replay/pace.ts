import { setTimeout as delay } from 'node:timers/promises'

/** Lets one train pass every `period` ms: each call resolves when the next is due, or the signal is aborted. */
export function pacer(period: number, signal?: AbortSignal): () => Promise<void> {
  let due: number | undefined
  return async () => {
    const now = performance.now()
    // Who was kept waiting does not hurry afterwards: what takes the trains could not follow.
    due = due === undefined || due + period < now ? now : due
    if (due > now) await delay(due - now, undefined, { ...(signal && { signal }) }).catch(() => {})
    due += period
  }
}
