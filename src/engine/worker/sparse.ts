import { deflateSync } from 'node:zlib'
import { asOutputError } from '../../files/errors.js'
import { writevFully } from '../../files/read-write.js'
import { indexType, type SparseFrames, type SparseRequest } from '../contract/derived.js'
import { DEPARTURE_WORDS, type FrameResults, GAIN_SHIFT, PIXEL_BITS } from './frame-results.js'

/** Lists what is not zero and what departs, frame by frame, and writes the lists of a tile with one write. */
export class SparseWriter {
  readonly #request: SparseRequest
  readonly #frames: Omit<SparseFrames, 'masks'>
  readonly #short: boolean
  readonly #pixels: Uint32Array
  readonly #masks: { index: number; address: number; size: number }[] = []
  #pending: { readonly frame: number; readonly lists: readonly Uint8Array[] }[] = []

  constructor(request: SparseRequest, pixels: number, frames: number) {
    this.#request = request
    this.#pixels = new Uint32Array(pixels)
    this.#short = indexType(pixels) === 'u2'
    this.#frames = {
      pixels: new Uint32Array(frames),
      departures: new Uint32Array(frames),
      addresses: new Float64Array(frames),
    }
  }

  /** Appends the mask of a resident cell to the file, if that wants it. @throws OutputError */
  cell(cell: number, mask: () => Uint32Array): void {
    const { masks, file } = this.#request
    const index = masks[cell] ?? -1
    if (index < 0 || this.#masks.some(each => each.index === index)) return
    const bytes = deflateSync(bytesOf(mask()), { level: 1 })
    const address = append(file, [bytes])
    this.#masks.push({ index, address, size: bytes.length })
  }

  /** Takes the lists of a frame; they reach the spool with the next {@link flush}. */
  frame(frame: number, { data, departures }: FrameResults): void {
    const pixels = this.#notZero(data)
    const departed = departures()
    const count = departed.length / DEPARTURE_WORDS
    const values = Float32Array.from(pixels, pixel => data[pixel] as number)
    const masks = new Uint32Array(count)
    const indices = new Uint32Array(count)
    const gains = new Uint8Array(count)
    for (let k = 0; k < count; k++) {
      const word = departed[k * DEPARTURE_WORDS] as number
      indices[k] = word & PIXEL_BITS
      gains[k] = word >>> GAIN_SHIFT
      masks[k] = departed[k * DEPARTURE_WORDS + 1] as number
    }
    const lists = [values, masks, this.#indices(pixels), this.#indices(indices), gains].map(bytesOf)
    this.#frames.pixels[frame] = pixels.length
    this.#frames.departures[frame] = count
    this.#pending.push({ frame, lists })
  }

  /** Writes what is pending. @throws OutputError */
  flush(): void {
    let at = append(
      this.#request.spool,
      this.#pending.flatMap(({ lists }) => lists),
    )
    for (const { frame, lists } of this.#pending) {
      this.#frames.addresses[frame] = at
      at += sizeOf(lists)
    }
    this.#pending = []
  }

  get frames(): SparseFrames {
    const column = (name: 'index' | 'address' | 'size') => Float64Array.from(this.#masks, mask => mask[name])
    return {
      ...this.#frames,
      masks: { indices: column('index'), addresses: column('address'), sizes: column('size') },
    }
  }

  /** Pixels whose bits are not all zero, so that −0 and NaN are not lost. */
  #notZero({ buffer, byteOffset, length }: Float32Array): Uint32Array {
    const bits = new Int32Array(buffer, byteOffset, length)
    const found = this.#pixels
    let count = 0
    for (let pixel = 0; pixel < length; pixel++) if (bits[pixel] !== 0) found[count++] = pixel
    return found.subarray(0, count)
  }

  #indices(pixels: Uint32Array): Uint16Array | Uint32Array {
    return this.#short ? Uint16Array.from(pixels) : pixels.slice()
  }
}

/** Appends pieces at a place that is reserved against other threads. @returns its address. @throws OutputError */
function append(
  { fd, path, end }: Pick<SparseRequest['spool'], 'fd' | 'path' | 'end'>,
  pieces: readonly Uint8Array[],
): number {
  const address = Number(Atomics.add(new BigInt64Array(end), 0, BigInt(sizeOf(pieces))))
  try {
    writevFully(fd, pieces, address)
  } catch (error) {
    throw asOutputError(error, path)
  }
  return address
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
