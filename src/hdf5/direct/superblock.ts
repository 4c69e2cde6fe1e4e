import { lookup3 } from './checksum.js'
import { Unsupported } from './errors.js'
import type { FileView } from './file-view.js'

/** What every HDF5 file begins with, behind its user block. */
export const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1')

export interface Superblock {
  readonly version: number
  /** Absolute address of the superblock: 0, or the size of the user block. */
  readonly address: number
  /** Absolute address of the end-of-file field. */
  readonly endField: number
  /** Bytes from `address` that the closing checksum covers; 0: none. */
  readonly checked: number
  /** Absolute address of the root group's object header. */
  readonly root: number
  /** Somebody has it open for writing, or did not close it. */
  readonly inUse: boolean
}

/**
 * Finds and reads the superblock, and sets the view's base address.
 * @throws DataError if there is none or the file is shorter than it says. @throws Unsupported for versions above 3.
 */
export function readSuperblock(view: FileView): Superblock {
  const address = findSignature(view)
  const head = view.peek(address, Math.min(104, view.size - address), 'the superblock')
  head.skip(8)
  const version = head.u8()
  if (version > 3) throw new Unsupported(`superblock version ${version}`)
  view.base = address
  if (version >= 2) {
    requireWidth8(head.u8(), head.u8())
    const flags = head.u8()
    head.skip(8 + 8) // base address, extension
    const endField = address + head.at
    checkEnd(view, head.u64())
    const root = head.address()
    if (head.u32() !== lookup3(head.bytes.subarray(0, 44))) throw head.damaged('has a wrong checksum')
    return { version, address, endField, checked: 44, root, inUse: version === 3 && flags !== 0 }
  }
  head.skip(4) // versions of free space, root entry, shared header
  requireWidth8(head.u8(), head.u8())
  head.skip(1 + 2 + 2 + 4) // K of group leaves and nodes, flags
  if (version === 1) head.skip(4) // K of chunk indices
  head.skip(8 + 8) // base address, free space
  const endField = address + head.at
  checkEnd(view, head.u64())
  head.skip(8 + 8) // driver information, name of the root entry
  return { version, address, endField, checked: 0, root: head.address(), inUse: false }
}

function requireWidth8(offsets: number, lengths: number): void {
  if (offsets !== 8 || lengths !== 8)
    throw new Unsupported(`${offsets}-byte addresses, ${lengths}-byte lengths`)
}

/** The superblock is at 0 or, behind a user block, at a power of two from 512. */
function findSignature(view: FileView): number {
  for (let at = 0; at + 48 <= view.size; at = at === 0 ? 512 : at * 2) {
    if (view.peek(at, 8, 'the signature').bytes.equals(SIGNATURE)) return at
  }
  throw view.damaged('no HDF5 signature found')
}

/** Writers store the end of file last: a shorter file is a broken copy or still being written. */
function checkEnd(view: FileView, end: number): void {
  if (end > view.size) throw view.damaged(`truncated, ${view.size} bytes of ${end}`)
}
