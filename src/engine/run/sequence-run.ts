import type { ImageOutput } from '../../sinks/image/image-output.js'
import { framesNotWritten } from '../../sources/run/frames-written.js'
import { positionsList } from '../../sources/run/query.js'
import type { BlockInput } from '../contract/block-input.js'
import type { BlockResult, FramesOut } from '../contract/block-task.js'
import type { FrameCounts, FrameSink, FrameSource } from '../contract/frames.js'
import type { BlockShape, FrameRef } from '../plan/blocks.js'
import { type FramePlaces, framesOf } from '../plan/frames.js'
import type { SequencePlan } from '../plan/plan.js'
import type { DerivedColumns } from './derived-columns.js'
import { ImageSink } from './image-sink.js'
import { InFlight } from './in-flight.js'
import { failedSequence, type SequenceOutcome } from './outcome.js'
import { type RawBlock, RawSource } from './raw-source.js'

/** Where a sequence's results go. */
export interface SequenceOutputs {
  readonly corrected: ImageOutput | undefined
  readonly combined: ImageOutput | undefined
  /** Whether the CORR file gets the frames themselves, not only what is made of them. */
  readonly dense: boolean
  readonly derived: DerivedColumns
}

/**
 * One RAW file on its way: its blocks handed out, their results taken in, the CORR file published when the last block is
 * in, or given up when one was lost. README.md beside this file draws the states.
 */
export class SequenceRun implements FrameSource<RawBlock>, FrameSink<RawBlock> {
  readonly #plan: SequencePlan
  readonly #places: FramePlaces
  readonly #outputs: SequenceOutputs
  readonly #source: RawSource
  readonly #sink: ImageSink
  readonly #rawFrames: number
  readonly #inFlight = new InFlight()
  #closed = false
  #error: unknown

  private constructor(
    plan: SequencePlan,
    places: FramePlaces,
    outputs: SequenceOutputs,
    source: RawSource,
    sink: ImageSink,
    rawFrames: number,
  ) {
    this.#plan = plan
    this.#places = places
    this.#outputs = outputs
    this.#source = source
    this.#sink = sink
    this.#rawFrames = rawFrames
  }

  /**
   * @param rawFrames raw frames that one frame is made of.
   * @throws DataError if the file is not the one that was planned or is damaged.
   */
  static open(
    plan: SequencePlan,
    places: FramePlaces,
    outputs: SequenceOutputs,
    shape: BlockShape,
    rawFrames: number,
  ): SequenceRun {
    const { path, size, mtimeMs, source } = plan.joined.file
    const raw = { path, dataset: `INSTRUMENT/${source}/image/data`, size, mtimeMs }
    const frames = RawSource.open(raw, () => framesOf(plan.joined, places), shape, rawFrames)
    const { corrected, combined, dense, derived } = outputs
    const targets = [
      ...(corrected && dense ? [{ images: corrected.images, chunks: 'corrected' as const }] : []),
      ...(combined ? [{ images: combined.images, chunks: 'combined' as const }] : []),
    ]
    return new SequenceRun(plan, places, outputs, frames, new ImageSink(targets, derived), rawFrames)
  }

  get counts(): FrameCounts {
    return this.#sink.counts
  }

  /** Blocks until the last, or until one was lost: what is left of the file is not worth the work then. */
  *blocks(): Generator<RawBlock> {
    try {
      for (const block of this.#source.blocks()) {
        if (this.#failure !== undefined) break
        this.#inFlight.enter()
        yield block
      }
    } finally {
      this.close()
    }
  }

  /** No block is made of it any more, or ever was: what waits for {@link drained} goes on. May be called again. */
  close(): void {
    if (!this.#closed) this.#inFlight.close()
    this.#closed = true
  }

  output(block: RawBlock): FramesOut {
    return this.#sink.output(block)
  }

  take(block: RawBlock, result: BlockResult): void {
    if (this.#failure === undefined) this.#sink.take(block, result)
    this.#inFlight.leave()
  }

  lose(block: RawBlock, error: unknown): void {
    this.#sink.lose(block, error)
    this.#inFlight.leave()
  }

  /** All frames of the file, in its order. */
  *images(): Generator<FrameRef> {
    for (const train of framesOf(this.#plan.joined, this.#places)) yield* train
  }

  /** Where the frames at `rows` of image/data are. */
  inputOf(rows: Float64Array): BlockInput {
    return this.#source.inputOf(rows)
  }

  /** Whether it was given up. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Resolves when no block will come any more and none is in flight. */
  get drained(): Promise<void> {
    return this.#inFlight.drained
  }

  /** Gives the sequence up: no CORR file, and its frames count as missing in the combined one. */
  fail(error: unknown): void {
    this.#error ??= error
  }

  get #failure(): unknown {
    return this.#error ?? this.#sink.error
  }

  /** To be called when no block is in flight any more. */
  async finish(): Promise<SequenceOutcome> {
    const { corrected, combined, derived } = this.#outputs
    try {
      if (this.#failure === undefined) {
        this.#source.refuseChanged()
        if (corrected) derived.write(corrected.images)
        await corrected?.finish()
        derived.done()
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.#source.close()
      derived.close()
    }
    const { joined, output } = this.#plan
    const { file, frames, trains } = joined
    const counts = { trains: trains.length, frames }
    if (this.#failure === undefined) {
      const missing = this.#notWritten()
      const notWritten = missing ? { notWritten: missing } : {}
      return {
        input: file.path,
        ...(output ? { output } : {}),
        ...counts,
        status: 'corrected',
        pixels: this.#sink.pixels,
        ...notWritten,
      }
    }
    corrected?.discard()
    if (combined)
      for (const refs of framesOf(joined, this.#places)) combined.images.forget(refs.map(ref => ref.combined))
    return failedSequence(file.path, trains.length, frames, this.#failure)
  }

  /** Frames of the plan that the file counts, but does not hold. */
  #notWritten(): SequenceOutcome['notWritten'] {
    const { notWritten } = this.#source
    if (notWritten === undefined) return undefined
    const trains = this.#plan.joined.trains.map(({ trainId, entry, rows }) => ({
      trainId,
      rows: positionsList(rows),
      stride: entry?.image.count ?? 0,
    }))
    return framesNotWritten(trains, this.#rawFrames, notWritten)
  }
}
