import { closeSync, rmSync } from 'node:fs'
import { ChunkWriter } from '../../src/engine/worker/chunk-writer.js'
import { Deflater } from '../../src/engine/worker/deflater.js'
import { NewFile } from '../../src/hdf5/create/new-file.js'
import { type Dataset, openLibrary } from '../../src/hdf5/library.js'
import { ImageFile } from '../../src/sinks/image/image-file.js'
import { instantiateKernels, kernelModule } from '../../src/wasm/kernels.js'
import { PIXELS, type Results } from '../kernels/workload.js'
import { type Contender, timePrepared } from '../rounds.js'

const SHAPE = [512, 128]
const DATASETS = { data: 'image/data', gain: 'image/gain', mask: 'image/mask' } as const
const PAGE = 65536

/** Corrected frames in a memory that kernels see, as they lie in a lane. */
export interface Frames {
  readonly memory: WebAssembly.Memory
  readonly count: number
  readonly data: number
  readonly gain: number
  readonly mask: number
  /** Room for the deflated planes of a frame. */
  readonly deflated: number
  readonly deflatedBytes: number
}

export function placeFrames({ data, gain, mask }: Results): Frames {
  const pixels = gain.length
  const deflatedBytes = 4 * PIXELS
  const dataAt = 2 * PAGE
  const gainAt = dataAt + 4 * pixels
  const maskAt = gainAt + pixels
  const deflated = maskAt + 4 * pixels
  const pages = Math.ceil((deflated + deflatedBytes) / PAGE) + 1
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  new Float32Array(memory.buffer, dataAt).set(data)
  new Uint8Array(memory.buffer, gainAt).set(gain)
  new Uint32Array(memory.buffer, maskAt).set(mask)
  return { memory, count: pixels / PIXELS, data: dataAt, gain: gainAt, mask: maskAt, deflated, deflatedBytes }
}

/** Declared, filled by plain writes, planes deflated by runs. */
export function directWriting(frames: Frames, file: string): Contender {
  const { memory, count, data, gain, mask } = frames
  const { buffer } = memory
  const kernels = instantiateKernels(kernelModule(), memory)
  const deflater = new Deflater(kernels, new Uint8Array(buffer, frames.deflated, frames.deflatedBytes))
  const pass = async (): Promise<void> => {
    declared(count).write(file)
    const images = ImageFile.open(file, file, DATASETS, count, 4 * PIXELS)
    const writer = new ChunkWriter(images.target)
    for (let i = 0; i < count; i++) {
      deflater.restart()
      writer.data(i, new Uint8Array(buffer, data + i * 4 * PIXELS, 4 * PIXELS))
      writer.deflated('gain', i, deflater.deflate(new Uint8Array(buffer, gain + i * PIXELS, PIXELS)))
      writer.deflated('mask', i, deflater.deflate(new Uint8Array(buffer, mask + i * 4 * PIXELS, 4 * PIXELS)))
      writer.flush()
    }
    images.record(writer.chunks())
    images.writeIndices('refused')
    closeSync(images.target.fd)
  }
  return { implementation: 'detcal', note: 'direct, planes deflated by runs', run: timed(file, pass) }
}

function declared(count: number): NewFile {
  const file = new NewFile()
  const shape = [count, ...SHAPE]
  const chunk = [1, ...SHAPE]
  file.declare(DATASETS.data, 'f4', { shape, chunk })
  file.declare(DATASETS.gain, 'u1', { shape, chunk, deflate: 1 })
  file.declare(DATASETS.mask, 'u4', { shape, chunk, deflate: 1 })
  return file
}

/** All of it by h5wasm, frame by frame. */
export function libraryWriting({ data, gain, mask }: Results, file: string): Contender {
  const count = gain.length / PIXELS
  const pass = async (): Promise<void> => {
    declared(count).write(file)
    const opened = (await openLibrary()).open(file, 'a')
    for (const [name, plane] of [
      [DATASETS.data, data],
      [DATASETS.gain, gain],
      [DATASETS.mask, mask],
    ] as const) {
      const dataset = opened.get(name) as Dataset
      for (let i = 0; i < count; i++)
        dataset.write_slice(
          [
            [i, i + 1],
            [0, SHAPE[0]!],
            [0, SHAPE[1]!],
          ],
          plane.subarray(i * PIXELS, (i + 1) * PIXELS),
        )
    }
    opened.close()
  }
  return { implementation: 'h5wasm', note: 'gzip 1', run: timed(file, pass) }
}

/** Times passes that make `file` anew each time; removing it does not count. */
function timed(file: string, pass: () => Promise<void>): Contender['run'] {
  return passes => timePrepared(passes, async () => rmSync(file, { force: true }), pass)
}
