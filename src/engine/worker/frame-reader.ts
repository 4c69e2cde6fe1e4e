import { type LocatedDataset, locateDataset, readSlab, Unsupported } from '../../hdf5/direct/index.js'
import { type Dataset, openLibrary } from '../../hdf5/library.js'
import { DataError } from '../../model/errors.js'
import type { BlockInput } from '../contract/block-input.js'
import { type FramesRead, readFrames, refuseChanged } from './block-reader.js'

/** How this thread reads one input whose frames are not stored plainly. */
type Way =
  | { readonly kind: 'slab'; readonly located: LocatedDataset }
  | { readonly kind: 'library'; readonly dataset: Dataset; close(): void }

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
  #open: { readonly key: string; readonly way: Way } | undefined

  /**
   * Reads the frames of `request` into `raw`, each `frameBytes` long; returns where they lie in it.
   * @throws DataError naming the file if it is damaged, ends early or changed since the plan was made.
   */
  async read(request: FrameRequest, raw: Uint8Array, frameBytes: number): Promise<FramesRead> {
    const { input, block } = request
    if (input.addresses) return readFrames(input, input.addresses, raw, frameBytes)
    const way = await this.#wayOf(input)
    const offsets = block.rows.map((_, i) => i * frameBytes)
    for (const [i, row] of block.rows.entries()) {
      const target = raw.subarray(i * frameBytes, (i + 1) * frameBytes)
      if (way.kind === 'slab') readRow(input, way.located, row, target)
      else readThroughLibrary(input, way.dataset, row, target)
    }
    refuseChanged(input)
    return { offsets, bytes: block.rows.length * frameBytes }
  }

  async #wayOf(input: BlockInput): Promise<Way> {
    const key = `${input.path}\0${input.dataset}\0${input.size}\0${input.mtimeMs}`
    if (this.#open?.key === key) return this.#open.way
    if (this.#open?.way.kind === 'library') this.#open.way.close()
    this.#open = undefined
    const way = await find(input)
    this.#open = { key, way }
    return way
  }
}

async function find(input: BlockInput): Promise<Way> {
  try {
    return { kind: 'slab', located: locateDataset(input.fd, input.dataset, input.path) }
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    const file = (await openLibrary()).open(input.path, 'r')
    const dataset = file.get(input.dataset) as Dataset
    return { kind: 'library', dataset, close: () => file.close() }
  }
}

function readRow(input: BlockInput, located: LocatedDataset, row: number, target: Uint8Array): void {
  const rest = located.shape.slice(1)
  readSlab(input.fd, located, [row, ...rest.map(() => 0)], [1, ...rest], target, input.path)
}

function readThroughLibrary(input: BlockInput, dataset: Dataset, row: number, target: Uint8Array): void {
  const value = dataset.slice([[row, row + 1]])
  if (!ArrayBuffer.isView(value) || value.byteLength !== target.byteLength) {
    throw new DataError(`frame ${row} is not ${target.byteLength} bytes`, {
      place: { file: input.path, dataset: input.dataset },
      hint: 'Check the file with h5dump',
    })
  }
  target.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
}
