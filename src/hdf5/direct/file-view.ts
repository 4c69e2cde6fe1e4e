import { fstatSync } from 'node:fs'
import { isSystemError } from '../../files/errors.js'
import { readFully } from '../../files/read-write.js'
import { DataError } from '../../model/errors.js'
import { lookup3 } from './checksum.js'
import { damagedFile } from './errors.js'

/** Structures above this size are not read into memory at once: far above anything that writers make. */
const MAX_STRUCTURE = 64 * 2 ** 20
/** All reads of one lookup together; a small one counts as {@link SMALL_READ}, which is about what it costs. */
const MAX_BUDGET = 2 ** 32
const SMALL_READ = 512
/** Bytes that are read at once where a structure is small: as long as several of them. */
const NEAR = 4096

/**
 * Bounds-checked positional reads of an open file's structures. What was read is kept for a while: whoever writes to the
 * file needs another view to see it.
 * Addresses are absolute; `base` (the size of a user block) is what addresses stored in the file are relative to.
 */
export class FileView {
  readonly fd: number
  readonly size: number
  readonly file: string
  readonly dataset: string
  base = 0
  /** What was read as a structure of the file, so that no chunk can lie there. */
  readonly structures: { readonly address: number; readonly length: number }[] = []
  /** The last piece of the file that was read for something small: its neighbours are asked for next. */
  #near: { readonly at: number; readonly bytes: Buffer } | undefined
  /** Bytes that may still be read: sound structures are each read about once, those that refer in circles are not. */
  #budget: number

  /** References that led here from the file that was asked for. */
  readonly depth: number

  constructor(fd: number, file: string, dataset: string, depth = 0) {
    this.depth = depth
    this.fd = fd
    this.file = file
    this.dataset = dataset
    this.size = fstatSync(fd).size
    this.#budget = Math.min(2 ** 22 + 8 * this.size, MAX_BUDGET)
  }

  damaged(what: string): DataError {
    return damagedFile(this.file, this.dataset, what)
  }

  /** A structure of `length` bytes at absolute `address`. @throws DataError if it does not lie within the file. */
  read(address: number, length: number, what: string): Cursor {
    const cursor = this.peek(address, length, what)
    this.structures.push({ address, length })
    return cursor
  }

  /** As {@link read}, where the structure may be shorter. */
  peek(address: number, length: number, what: string): Cursor {
    if (address < 0 || length < 0 || address + length > this.size) {
      throw this.damaged(`${what} lies outside the file`)
    }
    if (length > MAX_STRUCTURE) throw this.damaged(`${what} claims ${length} bytes`)
    this.#budget -= Math.max(length, SMALL_READ)
    if (this.#budget < 0) throw this.damaged('its structures refer to each other in circles')
    return new Cursor(this.#bytes(address, length), this, what)
  }

  #bytes(address: number, length: number): Buffer {
    if (length > NEAR / 2) return this.#piece(address, length)
    let near = this.#near
    if (near === undefined || address < near.at || address + length > near.at + near.bytes.length) {
      near = { at: address, bytes: this.#piece(address, Math.min(NEAR, this.size - address)) }
      this.#near = near
    }
    return near.bytes.subarray(address - near.at, address - near.at + length)
  }

  #piece(address: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    readNamed(this.fd, bytes, 0, length, address, this)
    return bytes
  }

  /** As {@link read}, with the checksum that follows the `length` bytes verified. */
  readChecked(address: number, length: number, what: string): Cursor {
    const whole = this.read(address, length + 4, what)
    const checked = whole.slice(length)
    if (whole.u32() !== lookup3(checked.bytes)) throw whole.damaged('has a wrong checksum')
    return checked
  }
}

/** Reads little-endian fields one after the other. All methods throw DataError when the bytes run out. */
export class Cursor {
  readonly bytes: Buffer
  readonly view: FileView
  readonly what: string
  at = 0

  constructor(bytes: Buffer, view: FileView, what: string) {
    this.bytes = bytes
    this.view = view
    this.what = what
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  damaged(problem: string): DataError {
    return this.view.damaged(`${this.what} ${problem}`)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Buffer {
    const from = this.#advance(length)
    return this.bytes.subarray(from, from + length)
  }

  /** A cursor on the next `length` bytes alone. */
  slice(length: number): Cursor {
    return new Cursor(this.take(length), this.view, this.what)
  }

  /** The text up to the next zero, which is skipped. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at)
    if (end < 0) throw this.damaged('has a text without end')
    const bytes = this.take(end - this.at)
    this.skip(1)
    return bytes.toString('utf8')
  }

  u8(): number {
    return this.bytes.readUInt8(this.#advance(1))
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.#advance(2))
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#advance(4))
  }

  /** An unsigned 64-bit number; all bits set: Infinity. @throws DataError above 2^53. */
  u64(): number {
    const from = this.#advance(8)
    const low = this.bytes.readUInt32LE(from)
    const high = this.bytes.readUInt32LE(from + 4)
    if (low === 0xffffffff && high === 0xffffffff) return Infinity
    if (high >= 0x200000) throw this.damaged('holds a number that is too large')
    return high * 2 ** 32 + low
  }

  /** An unsigned number of 1 to 8 bytes. */
  uint(bytes: number): number {
    let value = 0
    const from = this.#advance(bytes)
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.bytes[from + i] ?? 0)
    if (!Number.isSafeInteger(value)) throw this.damaged('holds a number that is too large')
    return value
  }

  /** A file address, made absolute; −1: undefined. */
  address(): number {
    const value = this.u64()
    return value === Infinity ? -1 : value + this.view.base
  }

  /** Checks and skips a signature of four letters. */
  signature(expected: string): void {
    if (this.take(4).toString('latin1') !== expected) throw this.damaged(`does not begin with ${expected}`)
  }

  /** Checks and skips a version byte. */
  version(expected: number): void {
    const version = this.u8()
    if (version !== expected) throw this.damaged(`has version ${version} where ${expected} is due`)
  }

  #advance(length: number): number {
    const from = this.at
    if (length > this.bytes.length - from) throw this.damaged('ends too early')
    this.at = from + length
    return from
  }
}

/** What messages name. */
export interface Names {
  readonly file: string
  readonly dataset: string
}

/**
 * Reads `length` bytes from `position` into `out` at `offset`.
 * @throws DataError naming file and dataset if the file ends too early or the system fails to read it.
 */
export function readNamed(
  fd: number,
  out: Uint8Array,
  offset: number,
  length: number,
  position: number,
  { file, dataset }: Names,
): void {
  let read: number
  try {
    read = readFully(fd, out, offset, length, position)
  } catch (error) {
    if (!isSystemError(error)) throw error
    const hint = 'Check the file system and read the file again'
    throw new DataError(error.message, { place: { file, dataset }, hint, cause: error })
  }
  if (read < length) throw damagedFile(file, dataset, 'it ends too early')
}
