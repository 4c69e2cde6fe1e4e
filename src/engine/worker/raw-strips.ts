import { fillPattern } from '../../hdf5/index.js'
import type { LaneLayout } from '../../memory/lane-layout.js'
import type { ReduceTask } from '../contract/operations.js'
import { readRaw, refuseChanged } from './block-reader.js'
import type { FrameReader } from './frame-reader.js'

/**
 * Reads the same rows of the raw planes of some frames, one plane after the other: plane j of frame i lies `j · pixels + i ·
 * strip` samples from the start of the target.
 */
export class RawStrips {
  readonly #task: ReduceTask
  readonly #reader: FrameReader
  readonly #target: Uint8Array
  readonly #layout: LaneLayout
  /** A decoded frame, where frames are not stored plainly. */
  #whole: Uint8Array | undefined

  constructor(task: ReduceTask, reader: FrameReader, target: Uint8Array, layout: LaneLayout) {
    this.#task = task
    this.#reader = reader
    this.#target = target
    this.#layout = layout
  }

  /**
   * Reads `planes` planes of frames `first` … `first + count − 1` of the task; returns the bytes asked of the file.
   * @throws DataError naming the file if it is damaged, ends early or changed since the plan was made.
   */
  async read(first: number, count: number, planes: number): Promise<number> {
    const { input, slowScan, fastScan, rows } = this.#task
    const { pixels, rawFrameBytes } = this.#layout
    const from = 2 * slowScan[0] * fastScan
    const bytes = 2 * (slowScan[1] - slowScan[0]) * fastScan
    for (let i = 0; i < count; i++) {
      const address = input.addresses?.[first + i]
      if (address === undefined) {
        this.#whole ??= new Uint8Array(rawFrameBytes)
        const block = { rows: rows.subarray(first + i, first + i + 1) }
        await this.#reader.read({ input, block }, this.#whole, rawFrameBytes)
      }
      for (let plane = 0; plane < planes; plane++) {
        const at = 2 * plane * pixels + i * bytes
        const start = 2 * plane * pixels + from
        if (address === undefined) this.#target.set(this.#whole?.subarray(start, start + bytes) ?? [], at)
        else if (address < 0) fillPattern(this.#target.subarray(at, at + bytes), input.fillValue)
        else readRaw(input, this.#target, at, bytes, address + start)
      }
    }
    refuseChanged(input)
    return count * planes * bytes
  }
}
