import { lookup3 } from '../direct/checksum.js'
import { SIGNATURE } from '../direct/superblock.js'
import { Encoder, NOWHERE } from './encoder.js'

const SUPERBLOCK_BYTES = 48

/** What lies where in a new file: one thing behind the other, each at a multiple of 8. */
export class NewLayout {
  readonly #pieces: { readonly address: number; readonly bytes: Uint8Array }[] = []
  end = SUPERBLOCK_BYTES

  /** @returns its address. */
  place(bytes: Uint8Array): number {
    const address = this.end
    this.#pieces.push({ address, bytes })
    this.end += Math.ceil(bytes.length / 8) * 8
    return address
  }

  /** The whole file, whose root group's header is at `root`. */
  done(root: number): Uint8Array {
    const all = new Uint8Array(this.end)
    all.set(superblock(this.end, root))
    for (const { address, bytes } of this.#pieces) all.set(bytes, address)
    return all
  }
}

/** Version 2. Format: the HDF5 file format specification 2.0, II.A. */
function superblock(end: number, root: number): Uint8Array {
  const head = new Encoder().bytes(SIGNATURE).u8(2, 8, 8, 0)
  head.u64(0).u64(NOWHERE).u64(end).u64(root)
  return head.u32(lookup3(head.done())).done()
}
