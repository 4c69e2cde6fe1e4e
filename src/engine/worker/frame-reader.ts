import { locate, openDataset, type SlabReader } from '../../hdf5/index.js'
import type { BlockInput } from '../contract/block-input.js'
import { type FramesRead, readFrames, refuseChanged } from './block-reader.js'

/** Frames to be read: rows of the input's image/data. */
export interface FrameRequest {
  readonly input: BlockInput
  readonly block: { readonly rows: Float64Array }
}

/**
 * Reads raw frames by the fastest way their file allows: plain reads where the frames' addresses are known,
 * else decoded chunks, else the HDF5 library. All give the same bytes.
 */
export class FrameReader {
  /** The last such input: tasks come in runs of one file. */
  #open: { readonly key: string; readonly slabs: SlabReader } | undefined

  /**
   * Reads the frames of `request` into `raw`, each `frameBytes` long; returns where they lie in it.
   * @throws DataError naming the file if it is damaged, ends early or changed since the plan was made.
   */
  async read(request: FrameRequest, raw: Uint8Array, frameBytes: number): Promise<FramesRead> {
    const { input, block } = request
    if (input.addresses) return readFrames(input, input.addresses, raw, frameBytes)
    const slabs = await this.#slabsOf(input)
    const frame = slabs.shape.slice(1)
    const offsets = block.rows.map((_, i) => i * frameBytes)
    for (const [i, row] of block.rows.entries())
      slabs.read(
        [row, ...frame.map(() => 0)],
        [1, ...frame],
        raw.subarray(i * frameBytes, (i + 1) * frameBytes),
      )
    refuseChanged(input)
    return { offsets, bytes: block.rows.length * frameBytes }
  }

  async #slabsOf({ path: file, dataset, fd, size, mtimeMs }: BlockInput): Promise<SlabReader> {
    const key = [file, dataset, fd, size, mtimeMs].join('\0')
    if (this.#open?.key === key) return this.#open.slabs
    this.#open?.slabs.close()
    this.#open = undefined
    const slabs = await openDataset({ file, dataset }, locate(file, dataset, fd), fd)
    this.#open = { key, slabs }
    return slabs
  }
}
