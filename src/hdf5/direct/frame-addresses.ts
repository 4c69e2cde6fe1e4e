import { stridesOf } from './box.js'
import type { LocatedDataset } from './types.js'

/** More frames than any detector takes in a file: above it, a shape is not worth a table. */
const MAX_FRAMES = 2 ** 26

/**
 * The byte address in the file of each frame of image data (frames, …frame dimensions); −1: never written, the frame
 * is the fill value. Undefined if frames do not lie in the file in one piece each: filters, compact storage, chunks
 * of parts of frames, data of other files. Such data are read with `readSlab`.
 */
export function frameAddresses({ shape, elementBytes, storage }: LocatedDataset): Float64Array | undefined {
  const frames = shape[0]
  if (frames === undefined || frames > MAX_FRAMES || storage.kind === 'compact') return undefined
  if (storage.kind === 'elsewhere') return undefined
  const frameBytes = stridesOf(shape, elementBytes)[0] ?? 0
  const addresses = new Float64Array(frames)
  if (storage.kind === 'contiguous') {
    const { address } = storage
    return address < 0 ? addresses.fill(-1) : addresses.map((_, i) => address + i * frameBytes)
  }
  const framesPerChunk = storage.chunkShape[0] ?? 1
  const wholeFrames = shape.every((size, d) => d === 0 || size === storage.chunkShape[d])
  if (storage.filters.length > 0 || !wholeFrames) return undefined
  return addresses.map((_, i) => {
    const chunk = storage.addresses[Math.floor(i / framesPerChunk)] ?? -1
    return chunk < 0 ? -1 : chunk + (i % framesPerChunk) * frameBytes
  })
}
