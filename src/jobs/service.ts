import { setTimeout } from 'node:timers/promises'
import { clientDoors } from '../bridge/client-door.js'
import type { CurveKeys } from '../bridge/curve-keys.js'
import { curveLock } from '../bridge/server.js'
import { lockFile } from '../files/lock.js'
import { BusyError, type DetcalError, isDetcalError } from '../model/errors.js'
import { EventSocket, flushEvents } from './event-socket.js'
import type { JobLauncher } from './launcher.js'
import { JobQueue } from './queue.js'
import type { QueuedEvent } from './queued.js'
import { ReplySocket } from './reply-socket.js'
import { Scheduler, type SchedulerOptions } from './scheduler.js'
import { answer } from './submit.js'
import { MarkerWatch } from './watch.js'

/** How a service of jobs runs. */
export interface JobServiceOptions extends Omit<SchedulerOptions, 'queue' | 'launcher'> {
  /** Path of the queue, which is made if there is none. */
  readonly queue: string
  /** Makes what starts jobs. @param onEnded to be told when one has ended. */
  readonly launcher: (onEnded: () => void) => JobLauncher
  /** Where messages are answered. */
  readonly bind: string
  /** Where events are published; absent: nowhere. */
  readonly publish?: string
  /** Keys of the service and of those who may connect; absent: whoever is on this machine. */
  readonly keys?: CurveKeys
  /** Told of who was refused: the address, and the key that was shown. */
  readonly onRefused?: (address: string, key: string) => void
  /** Whether the tree is watched for migration markers. */
  readonly watch: boolean
  /** How often jobs, runs and markers are looked at, ms. */
  readonly pollMs: number
  readonly signal: AbortSignal
  /** Told of every change of a request, once it is in the queue. */
  readonly onEvent?: (event: QueuedEvent) => void
  /** Told of what keeps the service from its work. */
  readonly onTrouble?: (error: DetcalError) => void
  /** Told when the service answers. */
  readonly onReady?: (endpoints: { readonly bind: string; readonly publish?: string }) => void
}

/**
 * Takes requests for corrections, and has them done, until `signal` is aborted: then its jobs are stopped, and are started
 * again by the next service.
 * @throws BusyError if another service has the queue. @throws UsageError if an endpoint cannot be bound.
 */
export async function serveJobs(options: JobServiceOptions): Promise<void> {
  const { signal, pollMs } = options
  const queue = JobQueue.open(options.queue, { create: true })
  const closing: (() => void | Promise<void>)[] = [() => queue.close()]
  try {
    closing.push(lockQueue(queue.path))
    const { keys } = options
    const domain =
      keys && (await clientDoors.open(keys.clients, (address, key) => options.onRefused?.(address, key)))
    if (domain !== undefined) closing.push(() => clientDoors.close(domain))
    const door = keys && domain !== undefined ? curveLock(keys, domain) : undefined
    let wake = () => {}
    const launcher = options.launcher(() => wake())
    const scheduler = new Scheduler({ ...options, queue, launcher })
    const events = options.publish === undefined ? undefined : await EventSocket.bind(options.publish, door)
    if (events) closing.push(() => events.close())
    const tell = () =>
      flushEvents(queue, async event => {
        options.onEvent?.(event)
        await events?.send(event)
      })
    const replies = await ReplySocket.bind(
      options.bind,
      message => {
        const reply = answer(queue, message)
        if (reply.status !== 'known') wake()
        return reply
      },
      door,
    )
    closing.push(() => replies.close())
    options.onReady?.({ bind: replies.endpoint, ...(events && { publish: events.endpoint }) })
    const watch = options.watch ? new MarkerWatch(options.root, queue) : undefined
    let looked = -Infinity
    try {
      while (!signal.aborted) {
        // Made first: whoever wakes it during the step has it done again.
        const woken = new Promise<void>(resolve => {
          wake = resolve
        })
        if (watch !== undefined && performance.now() - looked >= pollMs) {
          await watch.look()
          looked = performance.now()
        }
        await scheduler.step().catch(error => {
          // A queue that others keep, or a full disk: nothing is lost, and it is tried again.
          if (!isDetcalError(error)) throw error
          options.onTrouble?.(error)
        })
        await tell()
        await Promise.race([woken, pause(pollMs, signal)])
      }
    } finally {
      await launcher.close()
      scheduler.leave()
      await tell()
    }
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

/** @returns what releases the lock. */
function lockQueue(path: string): () => void {
  try {
    return lockFile(path).release
  } catch (error) {
    if (!isDetcalError(error, 'busy')) throw error
    throw new BusyError('another service has this queue', {
      place: { file: path },
      hint: error.hint ?? 'Stop it first',
      cause: error,
    })
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Cut short by the signal, which is no failure.
  return setTimeout(ms, undefined, { signal }).catch(() => {})
}
