import { createHash } from 'node:crypto'

/** What a pack holds: planes of constants in kernel layout, `[cell][plane]`, as they lie in a lane. */
export interface PackShape {
  readonly cells: number
  /** Planes of a cell. */
  readonly planes: number
  /** Bytes of a plane, a multiple of {@link CHECKSUM_STEP}. */
  readonly planeBytes: number
}

/** The header of a pack. */
export interface PackHeader {
  readonly shape: PackShape
  /** Hexadecimal SHA-256, see `packKey`. */
  readonly key: string
  /** Positions, in the pack, of cells that not all of the constants have. */
  readonly missing: readonly number[]
  /** Four words a plane, `[cell][plane]`. */
  readonly checksums: Uint32Array
}

/** The checksum kernel takes multiples of this number of bytes. */
export const CHECKSUM_STEP = 128
/** Words of the checksum of a plane. */
export const CHECKSUM_WORDS = 4

const MAGIC = 'DETCPACK'

/**
 * Byte map of the header, little-endian: magic 8 · cells u32 · planes u32 · bytes of a plane u32 · 12 zero · key 32 · SHA-256 of all the rest of the header 32 · one byte a cell (1: missing) · checksums · zeros to a page.
 */
const AT = { cells: 8, planes: 12, planeBytes: 16, key: 32, digest: 64, missing: 96 } as const
const DIGEST_BYTES = 32
const PAGE = 4096

/** Bytes of the header; the planes follow. */
export function headerBytes({ cells, planes }: PackShape): number {
  return Math.ceil((checksumsAt(cells) + 4 * CHECKSUM_WORDS * cells * planes) / PAGE) * PAGE
}

/** Bytes of all planes. */
export function payloadBytes({ cells, planes, planeBytes }: PackShape): number {
  return cells * planes * planeBytes
}

function checksumsAt(cells: number): number {
  return AT.missing + Math.ceil(cells / 4) * 4
}

/** The header's bytes: the same for the same content. */
export function encodeHeader({ shape, key, missing, checksums }: PackHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes(shape))
  bytes.write(MAGIC, 'latin1')
  bytes.writeUInt32LE(shape.cells, AT.cells)
  bytes.writeUInt32LE(shape.planes, AT.planes)
  bytes.writeUInt32LE(shape.planeBytes, AT.planeBytes)
  bytes.write(key, AT.key, 'hex')
  for (const position of missing) bytes[AT.missing + position] = 1
  bytes.set(
    new Uint8Array(checksums.buffer, checksums.byteOffset, checksums.byteLength),
    checksumsAt(shape.cells),
  )
  digestOf(bytes).copy(bytes, AT.digest)
  return bytes
}

/**
 * The header in `bytes`, of `headerBytes(shape)`; undefined if it is damaged, or not that of the pack `key` of
 * this shape.
 */
export function decodeHeader(bytes: Buffer, key: string, shape: PackShape): PackHeader | undefined {
  const matches =
    bytes.length === headerBytes(shape) &&
    bytes.toString('latin1', 0, AT.cells) === MAGIC &&
    bytes.readUInt32LE(AT.cells) === shape.cells &&
    bytes.readUInt32LE(AT.planes) === shape.planes &&
    bytes.readUInt32LE(AT.planeBytes) === shape.planeBytes &&
    bytes.toString('hex', AT.key, AT.digest) === key &&
    digestOf(bytes).equals(bytes.subarray(AT.digest, AT.missing))
  if (!matches) return undefined
  const missing = Array.from({ length: shape.cells }, (_, position) => position).filter(
    position => bytes[AT.missing + position] === 1,
  )
  const at = checksumsAt(shape.cells)
  const words = bytes.subarray(at, at + 4 * CHECKSUM_WORDS * shape.cells * shape.planes)
  // A copy, as a view would not be aligned.
  return { shape, key, missing, checksums: new Uint32Array(new Uint8Array(words).buffer) }
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256')
    .update(bytes.subarray(0, AT.digest))
    .update(bytes.subarray(AT.digest + DIGEST_BYTES))
    .digest()
}
