import { type Detector, pixelsOf } from '../../src/detectors/detector.js'
import type { Range } from '../files/slabs.js'

/** Where a lane keeps the planes of its cells. */
export interface LaneOptions {
  readonly detector: Detector
  /** Memory of the lane. Plane j of the cell at position k is at `base + (k · planes + j) · pixels · 4`. */
  readonly buffer: ArrayBufferLike
  /** Byte offset of the constants, a multiple of 4. */
  readonly base: number
  /** Cell ids the run uses, in the lane's order. */
  readonly cells: readonly number[]
}

/** The constants' part of a lane's memory, written in 32-bit words. */
export class LanePlanes {
  readonly f32: Float32Array
  readonly u32: Uint32Array
  /** Pixels of a row. */
  readonly width: number
  readonly #planes: number
  readonly #pixels: number
  readonly #positions = new Map<number, number[]>()

  /** @throws RangeError if `planes` planes of all cells do not fit the buffer. */
  constructor({ buffer, base, cells, detector }: LaneOptions, planes: number) {
    this.#planes = planes
    this.#pixels = pixelsOf(detector)
    this.width = detector.fastScan
    const words = cells.length * planes * this.#pixels
    this.f32 = new Float32Array(buffer, base, words)
    this.u32 = new Uint32Array(buffer, base, words)
    cells.forEach((cell, k) => {
      this.#positions.set(cell, [...this.positionsOf(cell), k])
    })
  }

  /** Positions in the lane of the cell with this id. */
  positionsOf(cell: number): readonly number[] {
    return this.#positions.get(cell) ?? []
  }

  /** Index of the word of slow-scan row `row`, fast scan 0, of a plane of the cell at position `k`. */
  wordOf(k: number, plane: number, row: number): number {
    return (k * this.#planes + plane) * this.#pixels + row * this.width
  }

  /** Byte address in the lane's memory of the same word. */
  addressOf(k: number, plane: number, row: number): number {
    return this.u32.byteOffset + 4 * this.wordOf(k, plane, row)
  }

  /** Writes the same 32 bits to all pixels of rows of a plane. */
  fill(k: number, plane: number, rows: Range, bits: number): void {
    this.u32.fill(bits, this.wordOf(k, plane, rows[0]), this.wordOf(k, plane, rows[1]))
  }
}
