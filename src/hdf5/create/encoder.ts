/** Where there is nothing: all bits of an address. */
export const NOWHERE = -1

/** Bytes of HDF5 structures as they are put together: little-endian, lengths and addresses of 8 bytes. */
export class Encoder {
  #bytes = new Uint8Array(256)
  #words = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(...values: readonly number[]): this {
    for (const value of values) {
      const at = this.#take(1)
      this.#words.setUint8(at, value)
    }
    return this
  }

  u16(value: number): this {
    const at = this.#take(2)
    this.#words.setUint16(at, value, true)
    return this
  }

  u32(value: number): this {
    const at = this.#take(4)
    this.#words.setUint32(at, value, true)
    return this
  }

  /** A safe integer, or {@link NOWHERE}. */
  u64(value: number): this {
    // In two halves: a BigInt for each takes longer than all the rest.
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32))
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  zeros(count: number): this {
    this.#take(count)
    return this
  }

  /** Zeros up to the next multiple of 8, which all structures begin at. */
  pad(): this {
    return this.zeros(-this.#length & 7)
  }

  /** What was put together. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** @returns where the next `count` bytes lie, which are zero. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#words = new DataView(larger.buffer)
    }
    return at
  }
}
