import { ConstantsError, type Place } from '../../src/model/errors.js'

/**
 * Decoded bytes of the largest compressed chunk. A thread holds a chunk as it is stored, inflated and unshuffled at
 * once, beside the memory that the budget counts. Files made by h5py or detcal have chunks of a few MiB at most.
 */
export const MOST_CHUNK_BYTES = 32 * 2 ** 20

/**
 * Checks that the chunks of a compressed constant can be decoded in little memory.
 * @param chunkShape elements of a chunk in disk order.
 * @throws ConstantsError saying how to store it instead.
 */
export function checkChunks(
  chunkShape: readonly number[],
  elementBytes: number,
  place: Place & { dataset: string },
): void {
  const bytes = chunkShape.reduce((product, n) => product * n, elementBytes)
  if (bytes <= MOST_CHUNK_BYTES) return
  const [size, most] = [bytes, MOST_CHUNK_BYTES].map(n => `${Math.ceil(n / 2 ** 20)} MiB`)
  throw new ConstantsError(
    `its compressed chunks (${chunkShape.join(', ')}) take ${size} each to read, more than ${most}`,
    {
      place,
      hint: `Store it in smaller chunks or uncompressed, as h5repack -f ${place.dataset}:NONE -l ${place.dataset}:CONTI makes it`,
    },
  )
}
