import { type Box, copyFrom } from './box.js'
import { type Names, readNamed } from './file-view.js'

/** Pieces of this size go through memory and are picked apart there. */
const WINDOW = 2 ** 20
/** Runs of this length and above are read each by itself. */
const LONG_RUN = 2 ** 16
/** Reading so many bytes that nobody wants takes no longer than another system call. */
const SKIPPED_BYTES = 2 ** 14

/**
 * Reads boxes of bytes from a file: long runs straight into the target, runs that follow each other in both at
 * once, and many short ones through a window.
 */
export class BoxReader {
  readonly #fd: number
  readonly #names: Names
  readonly #target: Uint8Array
  #window: Buffer | undefined
  // The run that is not read yet because the next one may continue it.
  #from = 0
  #to = 0
  #length = 0

  constructor(fd: number, names: Names, target: Uint8Array) {
    this.#fd = fd
    this.#names = names
    this.#target = target
  }

  /** Reads a merged box whose `source` is an address in the file. Complete only after {@link flush}. */
  read(box: Box): void {
    this.#readFrom(box, 0, box.source, box.target)
  }

  flush(): void {
    if (this.#length > 0) {
      readNamed(this.#fd, this.#target, this.#to, this.#length, this.#from, this.#names)
    }
    this.#length = 0
  }

  #readFrom(box: Box, d: number, from: number, to: number): void {
    if (d === box.count.length) {
      this.#readRun(from, to, box.elementBytes)
      return
    }
    const count = box.count[d] ?? 1
    const sourceStride = box.sourceStrides[d] ?? 0
    const targetStride = box.targetStrides[d] ?? 0
    const { span, wanted } = extentOf(box, d + 1)
    // So many of this dimension's entries are read with one window; fewer than two: each by itself.
    const runs = wanted / box.elementBytes
    const dense = sourceStride - wanted <= runs * SKIPPED_BYTES && box.elementBytes < LONG_RUN
    const together = dense ? Math.floor((WINDOW - span) / sourceStride) + 1 : 1
    for (let i = 0; i < count; i += Math.max(together, 1)) {
      const [source, target] = [from + i * sourceStride, to + i * targetStride]
      if (together < 2) {
        this.#readFrom(box, d + 1, source, target)
        continue
      }
      const n = Math.min(together, count - i)
      this.#window ??= Buffer.allocUnsafeSlow(WINDOW)
      readNamed(this.#fd, this.#window, 0, (n - 1) * sourceStride + span, source, this.#names)
      copyFrom(this.#window, this.#target, box, d, 0, target, n)
    }
  }

  #readRun(from: number, to: number, length: number): void {
    if (this.#length > 0 && from === this.#from + this.#length && to === this.#to + this.#length) {
      this.#length += length
      return
    }
    this.flush()
    this.#from = from
    this.#to = to
    this.#length = length
  }
}

/** Bytes of the file that the dimensions from `d` on reach over, and how many of these are wanted. */
function extentOf(box: Box, d: number): { span: number; wanted: number } {
  let span = box.elementBytes
  let wanted = box.elementBytes
  for (let e = d; e < box.count.length; e++) {
    const count = box.count[e] ?? 1
    span += (count - 1) * (box.sourceStrides[e] ?? 0)
    wanted *= count
  }
  return { span, wanted }
}
