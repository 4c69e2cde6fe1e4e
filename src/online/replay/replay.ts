import { encodeTrain } from '../../bridge/encode.js'
import type { BridgeTime, BridgeVersion } from '../../bridge/message.js'
import { BridgeServer, type BridgeServerCounts, type ServerSocket } from '../../bridge/server.js'
import type { WhenFull } from '../../bridge/train-queue.js'
import type { ModuleIndex, TrainId } from '../../model/ids.js'
import type { Problem } from '../../model/problem.js'
import type { ModuleFile, StoredRun } from '../../sources/run/run.js'
import { Losses } from './losses.js'
import { readModules } from './module-sources.js'
import { pacer } from './pace.js'
import type { LayoutReader, ReadTrain } from './read-train.js'
import { readStacked } from './stacked-source.js'
import { type TrainPart, type TrainReader, trainReader } from './train-reader.js'

const LAYOUT_READERS = { modules: readModules, stacked: readStacked } satisfies Record<string, LayoutReader>

/** One source a module, or one of the whole detector. */
export type ReplayLayout = keyof typeof LAYOUT_READERS
export const REPLAY_LAYOUTS = Object.keys(LAYOUT_READERS) as ReplayLayout[]

/** What of a run is sent. */
export interface ReplaySelection {
  readonly modules: ReadonlyMap<ModuleIndex, readonly ModuleFile[]>
  /** Ascending. */
  readonly trains: readonly TrainId[]
}

export interface ReplayOptions {
  readonly endpoint: string
  readonly socket: ServerSocket
  readonly version: BridgeVersion
  readonly whenFull: WhenFull
  readonly layout: ReplayLayout
  /** Trains a second at most; Infinity: as fast as they are taken. */
  readonly rate: number
  /** Begins again after the last train, until the signal is aborted; ids and times of trains go on. */
  readonly loop: boolean
  readonly signal?: AbortSignal
  /** Told where clients connect. */
  readonly onBound?: (endpoint: string) => void
  /** Told how many trains of a pass through the run are done. */
  readonly onTrain?: (done: number) => void
}

/** What became of a replay. Every train that was begun is sent, dropped, left out or unsent. */
export interface ReplayOutcome {
  /** Trains that the transport has taken. What a subscriber misses of them nobody knows. */
  readonly sent: number
  /** By the policy for a full queue. */
  readonly dropped: number
  /** Trains of which no module has frames that can be read. */
  readonly leftOut: number
  /** Trains that nobody had asked for when the replay was stopped. */
  readonly unsent: number
  /** Frames of modules, and bytes of messages, that were sent. */
  readonly frames: number
  readonly bytes: number
  /** Parts of trains, one module's each, that were lost. Those that the run lacks do not count. */
  readonly lostParts: number
  readonly seconds: number
  /** Those of the run, and those that were met. */
  readonly problems: readonly Problem[]
}

/**
 * Sends the trains of a run to bridge clients, in the order of their ids. While one is sent, the next is read, into memory
 * of its own.
 * @throws UsageError if the endpoint cannot be bound, or protocol 1.0 cannot hold a train.
 */
export async function replay(
  run: StoredRun,
  { modules, trains }: ReplaySelection,
  options: ReplayOptions,
): Promise<ReplayOutcome> {
  const { signal, version, layout } = options
  const losses = new Losses(run.problems)
  const sizes = new Map<readonly Uint8Array[], number>()
  let [frames, bytes, leftOut, handed] = [0, 0, 0, 0]
  const server = await BridgeServer.bind({
    ...options,
    onSent: message => {
      frames += sizes.get(message) ?? 0
      bytes += message.reduce((sum, { byteLength }) => sum + byteLength, 0)
      sizes.delete(message)
    },
  })
  options.onBound?.(server.endpoint)
  // Closing ends whatever waits for the server, and drops what is left: that is not the policy's doing.
  let counts: BridgeServerCounts | undefined
  let closing: Promise<void> | undefined
  const close = (patience: number) => {
    counts ??= server.counts
    closing ??= server.close(patience)
    return closing
  }
  const onAbort = () => void close(0)
  signal?.addEventListener('abort', onAbort)
  const start = performance.now()
  const due = pacer(1000 / options.rate, signal)
  const reader = trainReader({ ...run, modules, trains }, losses)
  const read = oneAhead(trainsOf(run, reader, LAYOUT_READERS[layout], { trains, loop: options.loop, losses }))
  try {
    for await (const { train, time, shift, done } of read) {
      if (signal?.aborted) break
      if (train) {
        await due()
        if (signal?.aborted) break
        const message = encodeTrain(train.sources(time(), shift), version)
        sizes.set(message, train.frames)
        handed++
        await server.send(message)
      } else leftOut++
      options.onTrain?.(done)
    }
    await server.idle()
    await close(Infinity)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    reader.close()
    await close(0)
  }
  const { sent, dropped } = counts ?? server.counts
  const seconds = (performance.now() - start) / 1000
  return {
    ...{ sent, dropped, leftOut, unsent: handed - sent - dropped, frames, bytes },
    ...{ lostParts: losses.parts, seconds, problems: losses.problems },
  }
}

/** A train on its way. */
interface TrainOnItsWay {
  /** Undefined: nothing of it can be read. */
  readonly train: ReadTrain | undefined
  /** When it was: by INDEX/timestamp, else now. */
  time(): BridgeTime
  readonly shift: bigint
  /** Trains of this pass so far. */
  readonly done: number
}

async function* trainsOf(
  run: StoredRun,
  reader: TrainReader,
  readLayout: LayoutReader,
  { trains, loop, losses }: { trains: readonly TrainId[]; loop: boolean; losses: Losses },
): AsyncGenerator<TrainOnItsWay> {
  const span = BigInt((trains.at(-1) ?? 0) - (trains[0] ?? 0) + 1)
  for (let shift = 0n; ; shift += span) {
    let sendable = false
    for (const [i, id] of trains.entries()) {
      const parts = await reader.parts(id)
      const train = await readLayout(parts, run, losses)
      sendable ||= train !== undefined
      yield { train, time: () => timeOf(id, parts, shift), shift, done: i + 1 }
    }
    // A run of which nothing can be sent would go round for ever.
    if (!loop || !sendable) return
  }
}

const NS = 1_000_000_000n
/** A train of the facility's ten a second, ns. */
const TRAIN_NS = NS / 10n

/** `shift` trains later than in the file. */
function timeOf(id: TrainId, parts: readonly TrainPart[], shift: bigint): BridgeTime {
  const stored = parts.map(({ entry }) => entry.timestamp).find(timestamp => timestamp > 0n)
  const ns = stored === undefined ? BigInt(Date.now()) * 1_000_000n : stored + shift * TRAIN_NS
  return { train: BigInt(id) + shift, seconds: ns / NS, attoseconds: (ns % NS) * NS }
}

/** The same items, each awaited while the one before is in use; what was begun has ended when this has. */
async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next()
  try {
    for (;;) {
      const { value, done } = await next
      if (done) return
      next = items.next()
      // Its failure is met where it is awaited.
      next.catch(() => {})
      yield value
    }
  } finally {
    await next.catch(() => {})
  }
}
