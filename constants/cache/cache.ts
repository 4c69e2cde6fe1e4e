import { closeSync, constants, fstatSync, ftruncateSync, futimesSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../src/files/names.js'
import { partOf } from '../../src/files/parts.js'
import { readFully, writeFully } from '../../src/files/read-write.js'
import { makeRoom, PACK } from './eviction.js'
import { openCacheFolder } from './folder.js'
import {
  CHECKSUM_STEP,
  decodeHeader,
  encodeHeader,
  headerBytes,
  type PackHeader,
  type PackShape,
  payloadBytes,
} from './header.js'

/** Below this size, packs are not worth their space: such constants are read from their files in a few milliseconds. */
const LEAST_BYTES = 32 * 2 ** 20
/** Writing a byte of a pack costs about as much as correcting a fifth of a byte: so a tenth of a run at most. */
const LEAST_WORK = 2

export interface CacheOptions {
  readonly folder: string
  /** Bytes that the packs of the folder may take together. */
  readonly limit: number
  /** The user named the folder: it may belong to a group. */
  readonly stated: boolean
  /** Keep all packs, even those not worth it; for tests and benchmarks. */
  readonly always?: boolean
}

/** An open pack whose header is sound. If it is evicted meanwhile, it can still be read. */
export interface OpenPack {
  readonly path: string
  readonly fd: number
  /** Byte of the first plane. */
  readonly payload: number
  readonly header: PackHeader
  close(): void
}

/** A pack being written: planes go to `fd` from byte `payload` on; {@link PackWriter.publish} makes it appear. */
export interface PackWriter {
  readonly fd: number
  readonly payload: number
  /** @throws the system's error; nothing is left then. */
  publish(header: PackHeader): void
  discard(): void
}

/**
 * Packs of constants in a folder, named by content. Processes share it without locks: a pack appears complete, by a
 * rename; of two writers of the same pack the last wins with the same bytes; an evicted pack stays readable where it is
 * open.
 */
export class ConstantsCache {
  readonly folder: string
  readonly #limit: number
  readonly #always: boolean
  /** Packs used since are not evicted. */
  readonly #since = Date.now() - 1

  private constructor({ folder, limit, always = false }: CacheOptions) {
    this.folder = folder
    this.#limit = limit
    this.#always = always
  }

  /** @throws OutputError if the folder cannot be created, or others may write to it. */
  static open(options: CacheOptions): ConstantsCache {
    openCacheFolder(options.folder, options.stated)
    return new ConstantsCache(options)
  }

  /**
   * Opens the pack `key` and notes its use.
   * @returns undefined if there is none; `damaged` if its content does not fit its name.
   */
  find(key: string, shape: PackShape): OpenPack | 'damaged' | undefined {
    const path = this.#path(key)
    let fd: number
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'damaged' : undefined
    }
    const header = readHeader(fd, key, shape)
    if (header === undefined) {
      closeSync(fd)
      return 'damaged'
    }
    touch(fd)
    return { path, fd, payload: headerBytes(shape), header, close: () => closeSync(fd) }
  }

  /** Removes the pack `key`. */
  remove(key: string): void {
    rmSync(this.#path(key), { force: true })
  }

  /**
   * Makes space for a pack and begins it.
   * @param work bytes of raw data that the run corrects with these constants.
   * @returns the reason if there is none.
   */
  create(key: string, shape: PackShape, work: number): PackWriter | string {
    const bytes = headerBytes(shape) + payloadBytes(shape)
    if (shape.planeBytes % CHECKSUM_STEP !== 0) return `planes of ${shape.planeBytes} bytes are not kept`
    if (!this.#always && payloadBytes(shape) < LEAST_BYTES) return 'too few constants to be worth packing'
    if (!this.#always && work < LEAST_WORK * payloadBytes(shape)) return 'too short a run to be worth packing'
    const final = this.#path(key)
    const part = partOf(final)
    let writer: PartialPack | undefined
    try {
      if (!makeRoom(this.folder, bytes, this.#limit, this.#since)) return 'no room in the constants cache'
      writer = new PartialPack(part, final, openSync(part, 'wx', 0o600), headerBytes(shape))
      // At its final length from the start, so that other processes count it when they make space.
      ftruncateSync(writer.fd, bytes)
      return writer
    } catch (error) {
      writer?.discard()
      return `the constants cache cannot be written: ${(error as Error).message}`
    }
  }

  #path(key: string): string {
    return join(this.folder, `${key}${PACK}`)
  }
}

class PartialPack implements PackWriter {
  readonly fd: number
  readonly payload: number
  readonly #part: string
  readonly #final: string

  constructor(part: string, final: string, fd: number, payload: number) {
    this.#part = part
    this.#final = final
    this.fd = fd
    this.payload = payload
  }

  publish(header: PackHeader): void {
    try {
      try {
        writeFully(this.fd, encodeHeader(header), 0)
      } finally {
        // Not every file system can rename an open file.
        closeSync(this.fd)
      }
      // Not flushed: damage by a crash of the machine is detected by the checksums.
      replaceFile(this.#part, this.#final)
    } catch (error) {
      rmSync(this.#part, { force: true })
      throw error
    }
  }

  discard(): void {
    closeSync(this.fd)
    rmSync(this.#part, { force: true })
  }
}

function readHeader(fd: number, key: string, shape: PackShape): PackHeader | undefined {
  const bytes = Buffer.alloc(headerBytes(shape))
  const stat = fstatSync(fd)
  if (!stat.isFile() || stat.size !== bytes.length + payloadBytes(shape)) return undefined
  try {
    if (readFully(fd, bytes, 0, bytes.length, 0) !== bytes.length) return undefined
  } catch {
    return undefined
  }
  return decodeHeader(bytes, key, shape)
}

/** The time of another user's pack cannot be updated: it is then evicted as if it had not been used. */
function touch(fd: number): void {
  const now = new Date()
  try {
    futimesSync(fd, now, now)
  } catch {}
}
